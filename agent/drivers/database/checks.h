// What comes from outside is checked before it is written anywhere: names, versions, addresses, networks.
// Pure; any thread.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/kinds/database.pb.h"

namespace podwright::drivers::database {

bool IsAddress(const std::string& text);
bool IsNetwork(const std::string& text);
// A server's name: [a-z0-9-].
bool IsMemberName(const std::string& text);
// Of users, databases, instances, parameters: [a-z0-9_.].
bool IsPlainName(const std::string& text);
bool IsVersion(const std::string& text);

// Invalid-argument that says what.
Status CheckConfiguration(const v1::kinds::DatabaseConfiguration& configuration);
Status CheckInstanceName(const std::string& version, const std::string& name);

}  // namespace podwright::drivers::database
