// Type: a Terraform type constraint, and its JSON form ("string", ["list","string"], …).
//
// An immutable value; cheap to copy; any thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace podwright::sdk {

class Type {
 public:
  enum class Kind { kDynamic, kBool, kNumber, kString, kList, kSet, kMap, kTuple, kObject };
  using Attributes = std::map<std::string, Type, std::less<>>;
  static constexpr int kMaxDepth = 64;

  Type() = default;  // dynamic
  static Type Dynamic() { return Type(); }
  static Type Bool() { return Type(Kind::kBool); }
  static Type Number() { return Type(Kind::kNumber); }
  static Type String() { return Type(Kind::kString); }
  static Type List(Type element);
  static Type Set(Type element);
  static Type Map(Type element);
  static Type Tuple(std::vector<Type> elements);
  static Type Object(Attributes attributes, std::set<std::string> optional = {});

  Kind kind() const { return kind_; }
  bool is_primitive() const { return kind_ == Kind::kBool || kind_ == Kind::kNumber || kind_ == Kind::kString; }
  bool is_collection() const { return kind_ == Kind::kList || kind_ == Kind::kSet || kind_ == Kind::kMap; }
  // Of a list, set or map; dynamic for any other kind.
  const Type& element() const;
  // Of a tuple; empty for any other kind.
  const std::vector<Type>& elements() const;
  // Of an object; empty for any other kind.
  const Attributes& attributes() const;
  const std::set<std::string>& optional_attributes() const;
  // Whether this type is dynamic or holds a dynamic one.
  bool HasDynamic() const;

  bool operator==(const Type& other) const;
  std::string ToJson() const;
  static Result<Type> FromJson(std::string_view json);

 private:
  struct Rep;
  explicit Type(Kind kind) : kind_(kind) {}
  Type(Kind kind, std::shared_ptr<const Rep> rep) : kind_(kind), rep_(std::move(rep)) {}

  Kind kind_ = Kind::kDynamic;
  std::shared_ptr<const Rep> rep_;  // shared: types are immutable and copied a lot
};

}  // namespace podwright::sdk
