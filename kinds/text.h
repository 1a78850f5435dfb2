// Texts of scalars and whole specs, in the one form that people read and write. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace google::protobuf {
class Message;
}

namespace podwright::kinds {

class Kind;
class Schema;

// "1500ms", "30s", "10m", "1h", "7d" ↔ milliseconds. One number and one unit; never negative.
Result<std::int64_t> ParseDuration(std::string_view text);
std::string FormatDuration(std::int64_t milliseconds);
// "512B", "64KiB", "10MiB", "2GiB", "1TiB" ↔ bytes.
Result<std::int64_t> ParseSize(std::string_view text);
std::string FormatSize(std::int64_t bytes);
// Decimal, without a sign but "-", without leading zeros.
Result<std::int64_t> ParseInt64(std::string_view text);
// A finite number.
Result<double> ParseDouble(std::string_view text);
std::string FormatDouble(double value);  // the shortest text that reads back the same

enum class Secrets { kHide, kShow };

// A whole document in the form that kinds/loader.h reads; fields by number, keys sorted. Sensitive values are
// "(sensitive)" unless they are shown; write-only ones are left out when shown, because files may not hold them.
std::string ToYaml(const Kind& kind, std::string_view name, const std::map<std::string, std::string>& labels,
                   const google::protobuf::Message& spec, Secrets secrets = Secrets::kHide);

struct JsonOptions {
  Secrets secrets = Secrets::kHide;
  int indent = -1;  // spaces; -1: one line
};
// snake_case names, enums short, durations and sizes as text. `message` is a spec, an observed or a status.
std::string ToJson(const google::protobuf::Message& message, const JsonOptions& options = {});
// The reverse; every error in one message. Duplicate and unknown names are errors.
Result<std::unique_ptr<google::protobuf::Message>> SpecFromJson(const Kind& kind, std::string_view json);

}  // namespace podwright::kinds
