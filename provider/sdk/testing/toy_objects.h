// The files of the toy's objects.
#pragma once

#include <filesystem>
#include <string>

#include "core/result.h"

namespace podwright::sdk::testing {

// NotFound where there is no such file.
Result<std::string> ReadObject(const std::filesystem::path& path);
Status WriteObject(const std::filesystem::path& path, const std::string& text);

}  // namespace podwright::sdk::testing
