// Names of kinds, fields and enum values, and the nearest of them for a misspelt one. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace podwright::kinds {

std::string SnakeCase(std::string_view camel);  // "LoadBalancer" → "load_balancer"
std::string CamelCase(std::string_view snake);  // "load_balancer" → "LoadBalancer"

// The nearest candidate, when it is near enough to be meant; empty otherwise.
std::string Nearest(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace podwright::kinds
