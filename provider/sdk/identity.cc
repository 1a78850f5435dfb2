#include "provider/sdk/identity.h"

#include <set>
#include <string_view>
#include <utility>

#include "provider/sdk/schema/names.h"

namespace podwright::sdk {

Type IdentitySchema::ImpliedType() const {
  Type::Attributes types;
  for (const IdentityAttribute& attribute : attributes) types.emplace(attribute.name, attribute.type);
  return Type::Object(std::move(types));
}

Status IdentitySchema::Check() const {
  std::string faults;
  const auto fault = [&](const std::string& place, const std::string& what) {
    faults += (faults.empty() ? "" : "; ") + place + ": " + what;
  };
  if (attributes.empty()) fault("identity", "has no attributes");
  if (version < 0) fault("version", "must not be negative");
  std::set<std::string_view> names;
  for (const IdentityAttribute& attribute : attributes) {
    if (!IsName(attribute.name)) fault(attribute.name, kNameRule);
    if (!names.insert(attribute.name).second) fault(attribute.name, "is there twice");
    if (attribute.required_for_import == attribute.optional_for_import) {
      fault(attribute.name, "must be either required or optional for an import");
    }
    const Type& type = attribute.type;
    if (!type.is_primitive() && !(type.kind() == Type::Kind::kList && type.element().is_primitive())) {
      fault(attribute.name, "must be a primitive or a list of primitives");
    }
  }
  if (!faults.empty()) return InvalidArgument(faults);
  return Ok();
}

}  // namespace podwright::sdk
