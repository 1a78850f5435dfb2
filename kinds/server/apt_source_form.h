// The files of one apt source: what the planner expects and what the agent writes are the same text, so that "the
// source is as declared" is one comparison of digests. apt's own forms: sources.list(5) (deb822), apt_preferences(5),
// and a key that `Signed-By` names, which is believed for this source alone (Debian's wiki, UseThirdParty). Pure; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace podwright::v1::kinds {
class ServerAptSource;
}

namespace podwright::kinds {

struct AptSourcePaths {
  std::string key;
  std::string sources;
  std::string preferences;
};
AptSourcePaths AptSourcePathsOf(const std::string& name);

struct AptSourceFile {
  std::string path;
  std::string content;
  std::uint32_t mode = 0644;  // root's
};

// In the order in which they are written: the key is there before the source that names it. Preferences only where
// there is a priority. Invalid-argument: a name or a field that could not stand in a file.
Result<std::vector<AptSourceFile>> AptSourceFiles(const std::string& name, const v1::kinds::ServerAptSource& source);

// Whether a file of this text was written by Podwright.
bool IsOurAptSource(std::string_view text);

// SHA-256 in hex over files: ServerObserved.apt_sources.
std::string AptSourceDigest(const std::vector<AptSourceFile>& files);

// Why `key` is not an armored public key; empty where it looks like one.
std::string WrongAptKey(std::string_view key);

// The host of an address, as `Pin: origin` has it; empty: none.
std::string AptHost(std::string_view uri);

}  // namespace podwright::kinds
