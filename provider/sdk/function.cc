#include "provider/sdk/function.h"

#include <set>
#include <string_view>

#include "provider/sdk/schema/names.h"

namespace podwright::sdk {

Status FunctionSignature::Check() const {
  std::string faults;
  const auto fault = [&](const std::string& place, const std::string& what) {
    faults += (faults.empty() ? "" : "; ") + place + ": " + what;
  };
  std::set<std::string_view> names;
  const auto check = [&](const FunctionParameter& parameter) {
    if (!IsName(parameter.name)) fault("parameter \"" + parameter.name + "\"", kNameRule);
    if (!names.insert(parameter.name).second) fault("parameter \"" + parameter.name + "\"", "is there twice");
  };
  for (const FunctionParameter& parameter : parameters) check(parameter);
  if (variadic) check(*variadic);
  if (!faults.empty()) return InvalidArgument(faults);
  return Ok();
}

const FunctionParameter* FunctionSignature::Parameter(std::size_t index) const {
  if (index < parameters.size()) return &parameters[index];
  return variadic ? &*variadic : nullptr;
}

const Value& CallRequest::Argument(std::size_t index) const {
  static const Value null;
  return index < arguments.size() ? arguments[index] : null;
}

}  // namespace podwright::sdk
