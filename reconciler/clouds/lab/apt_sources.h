// Reads apt's sources, both forms, and picks those of the distribution itself. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace podwright::clouds::lab {

// One stanza of a .sources file, or one line of a .list file, of type deb.
struct AptSource {
  std::vector<std::string> uris;
  std::vector<std::string> suites;
  std::vector<std::string> components;
  std::map<std::string, std::string> options;  // by deb822 name: "Signed-By", "Architectures", …

  bool operator==(const AptSource&) const = default;
};

// Disabled stanzas, deb-src and what does not parse are left out: apt itself complains about those.
std::vector<AptSource> ParseSourcesFile(std::string_view text);  // deb822
std::vector<AptSource> ParseListFile(std::string_view text);     // one line a source

// The distribution's own: suites CODENAME, and its -updates, -security, -backports and
// -proposed-updates, over http or https. A source that has other suites too keeps just those.
std::vector<AptSource> DistributionSources(const std::vector<AptSource>& all, std::string_view codename);

std::string FormatSourcesFile(const std::vector<AptSource>& sources);

}  // namespace podwright::clouds::lab
