// Examples made from schemas, for what nobody has written one by hand. HCL as `terraform fmt` leaves it. Pure.
#pragma once

#include <string>

#include "tfplugin/tfplugin6.pb.h"

namespace podwright::docgen {

// `keyword "type" "example" { … }` with the required attributes.
std::string BlockExample(const std::string& keyword, const std::string& type, const tfplugin6::Schema& schema);
std::string FunctionExample(const std::string& name, const tfplugin6::Function& function);
// `provider::podwright::name(path, pattern...)`
std::string FunctionCall(const std::string& name, const tfplugin6::Function& function);
std::string ImportCommand(const std::string& type);
std::string ImportBlock(const std::string& type);
std::string ImportByIdentity(const std::string& type, const tfplugin6::ResourceIdentitySchema& identity);

}  // namespace podwright::docgen
