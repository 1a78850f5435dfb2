#include "reconciler/forge/forge_words.h"

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
