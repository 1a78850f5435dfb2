// Reads fields of a forge's JSON: what is not of the promised type is an error, never an exception.
// For the files of reconciler/forge only.
//
// Threading: a value. Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"

namespace podwright::forge {

// Notes the first field that is not as promised; ask Done() when all are read.
class JsonFields {
 public:
  // `what` names the object in errors: "a pull request". The value must outlive this.
  JsonFields(const nlohmann::json& value, std::string what);

  std::string Text(std::string_view path);          // must be there
  std::string TextOr(std::string_view path);        // "": absent or null
  std::int64_t Number(std::string_view path);       // must be there
  std::int64_t NumberOr(std::string_view path);     // 0: absent or null
  bool FlagOr(std::string_view path, bool absent);  // absent or null: `absent`
  WallTime Time(std::string_view path);             // RFC 3339; must be there
  bool Has(std::string_view path);                  // there and not null

  Status Done() const;

 private:
  // A path has dots: "head.repo.id". Null: not there, or null on the way.
  const nlohmann::json* Find(std::string_view path) const;
  void Wrong(std::string_view path, std::string_view wanted);

  const nlohmann::json& value_;
  const std::string what_;
  std::string wrong_;
};

// "2011-04-14T16:00:49Z", with fractions of seconds and other offsets, too. Nothing: it is none.
bool ParseRfc3339(std::string_view text, WallTime& time);
// 40 or 64 hexadecimal digits.
bool IsCommitId(std::string_view text);

}  // namespace podwright::forge
