// Values of planned resources, as `show -json` writes them, made into specs. For cli/tofu_plan.cc only. Pure.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/result.h"

namespace google::protobuf {
class Message;
}
namespace podwright::kinds {
class Kind;
}

namespace podwright::cli {

// A member of an object; null where there is none, or where it is no object.
const nlohmann::json& Member(const nlohmann::json& object, const std::string& name);

struct SpecOfValues {
  std::unique_ptr<google::protobuf::Message> spec;
  std::vector<std::string> unknown;    // paths of attributes that are known only after apply
  std::vector<std::string> unwatched;  // write-only attributes with a value and without a version of it
};

// `after` and `unknown` are a change's "after" and "after_unknown"; `configured` its configuration's expressions.
// Fails where the values do not have the form of the kind.
Result<SpecOfValues> SpecFromValues(const kinds::Kind& kind, const nlohmann::json& after, const nlohmann::json& unknown,
                                    const nlohmann::json& configured);

// Whether any part of it is known only after apply: "after_unknown" is true there.
bool AnyUnknown(const nlohmann::json& unknown);

}  // namespace podwright::cli
