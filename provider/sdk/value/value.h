// Value: any Terraform value, known, null or unknown.
//
// A Value does not carry its type: the schema says it, and decoding has checked it. Compound values
// share their parts and copy them only when one is changed, so a copy is cheap. Reading one Value from
// several threads is safe; changing it is not.
//
// Accessors never fail: where the value is null, unknown or of another kind they answer "nothing"
// (nullptr, nullopt, an empty list, the null value).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "provider/sdk/value/number.h"
#include "provider/sdk/value/path.h"
#include "provider/sdk/value/refinement.h"
#include "provider/sdk/value/type.h"

namespace podwright::sdk {

class Value {
 public:
  enum class Kind { kNull, kUnknown, kBool, kNumber, kString, kList, kSet, kTuple, kMap, kObject, kDynamic };
  using Elements = std::vector<Value>;
  using Fields = std::map<std::string, Value, std::less<>>;

  Value() = default;  // null
  static Value Null() { return Value(); }
  static Value Unknown();
  // Unknown, but so much is known of it. An empty refinement is a plain unknown.
  static Value Unknown(Refinement refinement);
  static Value Bool(bool value);
  static Value Int(std::int64_t value);
  // The shortest decimal of the double; infinities and NaN, which Terraform has not, become null.
  static Value Double(double value);
  static Value Number(sdk::Number value);
  static Value String(std::string value);
  static Value List(Elements elements);
  // Sorted, duplicates removed (unknown elements are kept).
  static Value Set(Elements elements);
  static Value Tuple(Elements elements);
  static Value Map(Fields fields);
  static Value Object(Fields fields);
  // A value of an attribute whose type is dynamic: the value with its own type.
  static Value Dynamic(Type type, Value value);

  Kind kind() const { return kind_; }
  // A dynamic value is null or unknown where the value in it is.
  bool is_null() const { return kind_ == Kind::kNull || (kind_ == Kind::kDynamic && dynamic_value().is_null()); }
  bool is_unknown() const {
    return kind_ == Kind::kUnknown || (kind_ == Kind::kDynamic && dynamic_value().is_unknown());
  }
  // Neither null nor unknown; parts of it may be either.
  bool has_value() const { return !is_null() && !is_unknown(); }
  // No unknown anywhere inside.
  bool IsWhollyKnown() const;

  // What is known of an unknown value; nullptr where that is nothing, and for all other values.
  const Refinement* refinement() const;

  const std::string* AsString() const;
  std::optional<bool> AsBool() const;
  std::optional<std::int64_t> AsInt64() const;
  std::optional<double> AsDouble() const;
  const sdk::Number* AsNumber() const;
  std::string StringOr(std::string_view fallback) const;
  bool BoolOr(bool fallback) const { return AsBool().value_or(fallback); }
  std::int64_t Int64Or(std::int64_t fallback) const { return AsInt64().value_or(fallback); }

  // Of a list, set or tuple.
  const Elements& elements() const;
  // Of a map or object.
  const Fields& fields() const;
  // A field of a map or object; the null value where there is none.
  const Value& Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  // Of a dynamic value.
  const Type& dynamic_type() const;
  const Value& dynamic_value() const;

  // Sets a field of a map or object; on any other kind the value becomes an object of that one field.
  void SetField(std::string name, Value value);
  // Removes a field, if there is one.
  void RemoveField(std::string_view name);
  // Sets an element of a list or tuple; out of range does nothing.
  void SetElement(std::size_t index, Value value);

  // The value at a path; nullptr where the path leads nowhere.
  const Value* At(const AttributePath& path) const;
  // Sets the value at a path through existing values; false where the path leads nowhere. The last
  // step may add a field.
  bool SetAt(const AttributePath& path, Value value);

  // Exact equality; unknown equals unknown here, whatever is known of either.
  bool operator==(const Value& other) const { return Compare(other) == 0; }
  // A total order, for sorting: -1, 0 or 1.
  int Compare(const Value& other) const;

  // For messages: JSON-like, with (unknown); strings longer than 80 bytes are cut. Never give it a
  // sensitive value.
  std::string ToDisplay() const;

 private:
  struct DynamicRep;

  Kind kind_ = Kind::kNull;
  std::variant<std::monostate, bool, std::string, sdk::Number, std::shared_ptr<Elements>, std::shared_ptr<Fields>,
               std::shared_ptr<const DynamicRep>, std::shared_ptr<const Refinement>>
      data_;  // the shared parts are never changed while shared
};

}  // namespace podwright::sdk
