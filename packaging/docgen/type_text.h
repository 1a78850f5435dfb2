// Types of the plugin protocol, which are JSON, in words and as examples. Pure.
#pragma once

#include <string>

#include "tfplugin/tfplugin6.pb.h"

namespace podwright::docgen {

// "String", "List of Number", "Attributes Map".
std::string TypeText(const std::string& type_json);
std::string TypeText(const tfplugin6::Schema::Attribute& attribute);

// A value of the type in HCL: "\"example\"", "1", "[\"example\"]".
std::string ExampleValue(const std::string& type_json);

}  // namespace podwright::docgen
