#include "reconciler/forge/forge_words.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "reconciler/forge/markdown.h"

namespace podwright::forge {
namespace {

using nlohmann::json;
constexpr std::size_t kMost = 500;

void Add(std::string& text, const std::string& more) {
  if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
}

// Strings wherever they are: GitLab's messages are texts, lists and objects of lists.
void Gather(const json& value, const std::string& name, std::string& text, int depth) {
  if (text.size() > kMost || depth > 4) return;
  if (value.is_string()) {
    Add(text, (name.empty() ? "" : name + " ") + value.get<std::string>());
  } else if (value.is_array()) {
    for (const json& item : value) Gather(item, name, text, depth + 1);
  } else if (value.is_object()) {
    for (const auto& [key, item] : value.items()) Gather(item, key, text, depth + 1);
  }
}

}  // namespace

std::string NextPageQuery(const std::string& link) {
  std::string_view rest = link;
  while (true) {
    const std::size_t open = rest.find('<');
    if (open == std::string_view::npos) return "";
    const std::size_t close = rest.find('>', open);
    if (close == std::string_view::npos) return "";
    const std::string_view url = rest.substr(open + 1, close - open - 1);
    const std::size_t end = std::min(rest.find('<', close), rest.size());
    const std::string_view parameters = rest.substr(close + 1, end - close - 1);
    if (parameters.find("rel=\"next\"") != std::string_view::npos) {
      const std::size_t query = url.find('?');
      return query == std::string_view::npos ? "" : std::string(url.substr(query + 1));
    }
    rest.remove_prefix(end);
  }
}

std::string SmallerPageQuery(const std::string& query) {
  std::uint64_t size = 0;
  std::uint64_t page = 1;
  std::string size_name;
  std::string others;
  for (std::string_view rest = query; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = part.substr(std::min(part.size(), equals + 1));
    std::uint64_t* number = name == "page" ? &page : name == "per_page" || name == "limit" ? &size : nullptr;
    if (number == nullptr) {
      others += std::string(part) + "&";
      continue;
    }
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), *number);
    if (error != std::errc() || end != value.data() + value.size() || *number == 0 || *number > 1'000'000) return "";
    if (number == &size) size_name = name;
  }
  if (size <= 1) return "";
  const std::uint64_t smaller = size % 5 == 0 ? size / 5 : 1;
  const std::uint64_t at = (page - 1) * (size / smaller) + 1;
  return others + size_name + "=" + std::to_string(smaller) + "&page=" + std::to_string(at);
}

std::string ForgeWords(const std::string& body) {
  const json said = json::parse(body, nullptr, false);
  std::string text;
  if (said.is_object()) {
    for (const char* name : {"message", "error", "error_description", "errors"}) {
      if (said.contains(name)) Gather(said[name], "", text, 0);
    }
  } else if (said.is_discarded()) {
    text = body.substr(0, kMost);
  }
  return PlainLine(text, kMost);
}

}  // namespace podwright::forge
