#include "reconciler/clouds/lab/apt_sources.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>

namespace podwright::clouds::lab {
namespace {

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string Trim(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool IsOneOf(const std::string& word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Names of options are the same in both forms but for case; this is deb822's.
std::string OptionName(const std::string& name) {
  static const std::map<std::string, std::string> kNames = {{"arch", "Architectures"},
                                                            {"signed-by", "Signed-By"},
                                                            {"trusted", "Trusted"},
                                                            {"check-valid-until", "Check-Valid-Until"},
                                                            {"check-date", "Check-Date"},
                                                            {"lang", "Languages"},
                                                            {"by-hash", "By-Hash"},
                                                            {"allow-insecure", "Allow-Insecure"},
                                                            {"architectures", "Architectures"},
                                                            {"languages", "Languages"}};
  const auto found = kNames.find(Lower(name));
  return found == kNames.end() ? std::string() : found->second;
}

using Stanza = std::map<std::string, std::string>;  // by lower-case name

void AddStanza(const Stanza& stanza, std::vector<AptSource>& sources) {
  const auto value = [&](const std::string& name) {
    const auto found = stanza.find(name);
    return found == stanza.end() ? std::string() : found->second;
  };
  const std::vector<std::string> types = Words(value("types"));
  if (std::find(types.begin(), types.end(), "deb") == types.end()) return;
  if (IsOneOf(Lower(value("enabled")), {"no", "false", "0", "off", "without", "disable"})) return;
  AptSource source{Words(value("uris")), Words(value("suites")), Words(value("components")), {}};
  if (source.uris.empty() || source.suites.empty()) return;
  for (const auto& [name, text] : stanza) {
    const std::string option = OptionName(name);
    if (!option.empty()) source.options[option] = text;
  }
  sources.push_back(std::move(source));
}

}  // namespace

std::vector<AptSource> ParseSourcesFile(std::string_view text) {
  std::vector<AptSource> sources;
  Stanza stanza;
  std::string field;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    if (Trim(line).empty()) {
      AddStanza(stanza, sources);
      stanza.clear();
      field.clear();
    } else if (line[0] == ' ' || line[0] == '\t') {
      // A key in the stanza itself keeps its lines; lists do not care.
      if (!field.empty()) stanza[field] += "\n " + Trim(line);
    } else if (const auto colon = line.find(':'); colon != std::string::npos) {
      field = Lower(Trim(line.substr(0, colon)));
      stanza[field] = Trim(line.substr(colon + 1));
    }
  }
  AddStanza(stanza, sources);
  return sources;
}

std::vector<AptSource> ParseListFile(std::string_view text) {
  std::vector<AptSource> sources;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    line = Trim(line.substr(0, line.find('#')));
    if (!line.starts_with("deb ") && !line.starts_with("deb\t") && !line.starts_with("deb[")) continue;
    std::string rest = Trim(line.substr(3));
    AptSource source;
    if (rest.starts_with('[')) {
      const auto end = rest.find(']');
      if (end == std::string::npos) continue;
      for (const auto& word : Words(rest.substr(1, end - 1))) {
        const auto equals = word.find('=');
        const std::string option = OptionName(word.substr(0, equals));
        if (equals == std::string::npos || option.empty()) continue;
        std::string value = word.substr(equals + 1);
        std::replace(value.begin(), value.end(), ',', ' ');
        source.options[option] = value;
      }
      rest = Trim(rest.substr(end + 1));
    }
    const std::vector<std::string> words = Words(rest);
    if (words.size() < 2) continue;
    source.uris = {words[0]};
    source.suites = {words[1]};
    source.components.assign(words.begin() + 2, words.end());
    sources.push_back(std::move(source));
  }
  return sources;
}

std::vector<AptSource> DistributionSources(const std::vector<AptSource>& all, std::string_view codename) {
  constexpr std::array<std::string_view, 5> kPockets = {"", "-updates", "-security", "-backports", "-proposed-updates"};
  const auto is_ours = [&](const std::string& suite) {
    return std::any_of(kPockets.begin(), kPockets.end(),
                       [&](std::string_view pocket) { return suite == std::string(codename) + std::string(pocket); });
  };
  std::vector<AptSource> chosen;
  for (AptSource source : all) {
    std::erase_if(source.uris,
                  [](const std::string& uri) { return !uri.starts_with("http://") && !uri.starts_with("https://"); });
    std::erase_if(source.suites, [&](const std::string& suite) { return !is_ours(suite); });
    if (source.uris.empty() || source.suites.empty()) continue;
    if (std::find(chosen.begin(), chosen.end(), source) == chosen.end()) chosen.push_back(std::move(source));
  }
  return chosen;
}

std::string FormatSourcesFile(const std::vector<AptSource>& sources) {
  std::string text;
  for (const auto& source : sources) {
    text += "Types: deb\nURIs: " + Join(source.uris) + "\nSuites: " + Join(source.suites) + "\n";
    if (!source.components.empty()) text += "Components: " + Join(source.components) + "\n";
    for (const auto& [name, value] : source.options) {
      text += name + ":" + (value.starts_with('\n') ? "" : " ") + value + "\n";
    }
    text += "\n";
  }
  return text;
}

}  // namespace podwright::clouds::lab
