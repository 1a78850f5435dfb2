#include "agent/drivers/mesh/keys.h"

#include <charconv>

#include "agent/drivers/mesh/configuration.h"
#include "core/digest.h"

namespace podwright::drivers::mesh {
namespace {

constexpr std::size_t kMaxFile = 1024;

host::FileAttributes Private() {
  return {0600, "root", "root"};
}

}  // namespace

std::string Keys::PathOf(const std::string& mesh, KeyUse use) const {
  return env_.state_folder + "/mesh-" + mesh + (use == KeyUse::kCurrent ? ".key" : ".next-key");
}

Result<std::optional<Key>> Keys::Read(const std::string& mesh, KeyUse use) {
  const std::string path = PathOf(mesh, use);
  PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
  if (!stat || stat->type != host::FileType::kFile) return std::optional<Key>();
  PW_ASSIGN(const std::string text, env_.host.files.Read(path, kMaxFile));
  Key key;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), key.version);
  const auto at = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || at >= text.size() || text[at] != ' ') return std::optional<Key>();
  key.private_key = text.substr(at + 1, text.find('\n') - at - 1);
  if (!CheckKey(key.private_key).ok()) return std::optional<Key>();
  return std::optional<Key>(std::move(key));
}

Result<bool> Keys::Make(const std::string& mesh, KeyUse use, std::int64_t version) {
  PW_ASSIGN(const auto present, Read(mesh, use));
  if (present && present->version == version) return false;
  PW_ASSIGN(const std::string key, env_.host.wireguard.GenerateKey());
  PW_TRY(CheckKey(key));
  PW_TRY(env_.host.files.Write(PathOf(mesh, use), std::to_string(version) + " " + key + "\n", Private()));
  return true;
}

Status Keys::Promote(const std::string& mesh, std::int64_t version) {
  PW_ASSIGN(const auto current, Read(mesh, KeyUse::kCurrent));
  if (!current || current->version != version) {
    PW_ASSIGN(const auto next, Read(mesh, KeyUse::kNext));
    if (!next || next->version != version) {
      return FailedPrecondition("there is no key of version " + std::to_string(version) + " to go over to");
    }
    PW_TRY(env_.host.files.Write(PathOf(mesh, KeyUse::kCurrent),
                                 std::to_string(version) + " " + next->private_key + "\n", Private()));
  }
  return env_.host.files.Remove(PathOf(mesh, KeyUse::kNext));
}

Status Keys::Remove(const std::string& mesh) {
  PW_TRY(env_.host.files.Remove(PathOf(mesh, KeyUse::kCurrent)));
  return env_.host.files.Remove(PathOf(mesh, KeyUse::kNext));
}

Result<std::string> Keys::PublicKeyOf(const Key& key) {
  std::string& known = known_[Sha256(key.private_key).Hex()];
  if (known.empty()) {
    PW_ASSIGN(const std::string made, env_.host.wireguard.PublicKey(key.private_key));
    PW_TRY(CheckKey(made));
    known = made;
  }
  return known;
}

}  // namespace podwright::drivers::mesh
