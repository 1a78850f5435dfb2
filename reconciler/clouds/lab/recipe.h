// The recipe of the lab's image: all that decides what is in it. Read from the host: a lab server
// installs packages from where the host does, and trusts what the host trusts.
//
// Threading: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "reconciler/clouds/lab/apt_sources.h"

namespace podwright::clouds::lab {

// packaging/lab/packages and packaging/lab/finish.sh, compiled in.
extern const char kPackageList[];
extern const char kFinishScript[];

struct RecipeFile {
  std::string path;  // absolute, in the image
  std::string content;
  std::uint32_t mode = 0644;
};

struct Recipe {
  std::string name;     // "debian-12": what stands in a server's `image` field
  std::string suite;    // "bookworm"
  std::string arch;     // "amd64"
  std::string mirror;   // for debootstrap
  std::string keyring;  // a file of the host; its content is among `files`
  std::string proxy;    // for debootstrap, which does not read apt's settings; may be empty
  std::vector<std::string> packages;
  std::vector<RecipeFile> files;  // put into the image before the finishing script runs

  // 16 hex digits; another recipe, another version of the image.
  std::string Version() const;
};

// What the host's apt and system say, as text.
struct HostSetup {
  std::string os_release;          // /etc/os-release
  std::vector<AptSource> sources;  // all of them
  std::string apt_config;          // `apt-config dump`
  std::string arch;                // `dpkg --print-architecture`
  std::string http_proxy;          // of the environment
  std::string https_proxy;
  std::vector<RecipeFile> authorities;  // /usr/local/share/ca-certificates
  std::vector<RecipeFile> apt_keys;     // /etc/apt/trusted.gpg.d
};

// "debian-12" of an os-release; empty when it has no ID and VERSION_ID.
std::string ImageName(std::string_view os_release);

// failed-precondition, with what is missing, when the host is not a Debian or Ubuntu whose apt has a
// source for its own release.
Result<Recipe> MakeRecipe(const HostSetup& host);

Result<HostSetup> ReadHostSetup();

// The settings of `apt-config dump` that decide how packages are fetched, as a file for apt.conf.d.
std::string FetchSettings(const HostSetup& host);

}  // namespace podwright::clouds::lab
