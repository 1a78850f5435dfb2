// Files with their whole content, mode and owner.
#include "agent/drivers/server/family.h"
#include "core/digest.h"

namespace podwright::drivers::server {
namespace {

using v1::kinds::FileAction;
using v1::kinds::ServerFile;
using v1::kinds::ServerObservedFile;

constexpr char kWrite[] = "server.file.write";
constexpr char kRemove[] = "server.file.remove";
constexpr char kDefaultMode[] = "0644";
constexpr std::size_t kMaxRead = 4 * 1024 * 1024;
constexpr std::size_t kMaxShown = 32 * 1024;

bool IsUtf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead < 0x80   ? 0
                             : lead < 0xC2 ? 9
                             : lead < 0xE0 ? 1
                             : lead < 0xF0 ? 2
                             : lead < 0xF5 ? 3
                                           : 9;
    if (more == 9 || i + more >= text.size() || lead == 0) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0U) != 0x80) return false;
    }
    const auto second = more > 0 ? static_cast<unsigned char>(text[i + 1]) : 0;
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
        (lead == 0xF4 && second > 0x8F)) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

const char* TypeName(host::FileType type) {
  switch (type) {
    case host::FileType::kFile: return "file";
    case host::FileType::kDirectory: return "directory";
    case host::FileType::kSymlink: return "symlink";
    case host::FileType::kOther: return "other";
  }
  return "other";
}

class Files final : public Family {
 public:
  using Family::Family;
  std::string Name() const override { return "file"; }
  std::vector<std::string> Verbs() const override { return {kWrite, kRemove}; }

  Status Observe(const ServerSpec& spec, const v1::ObjectState& /*state*/, ServerObserved& observed) override {
    for (const auto& [path, file] : spec.files()) {
      PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
      if (!stat) continue;
      ServerObservedFile& found = (*observed.mutable_files())[path];
      found.set_type(TypeName(stat->type));
      found.set_mode(host::FormatMode(stat->mode));
      found.set_owner(stat->owner);
      found.set_group(stat->group);
      if (stat->type != host::FileType::kFile) continue;
      // One file that changes under the reader must not hide the others.
      const auto read = DigestOf(path, *stat);
      const std::string digest = read.ok() ? *read : "";
      if (digest.empty()) continue;
      found.set_sha256(digest);
      if (digest == Sha256(file.content()).Hex() || stat->size > static_cast<std::int64_t>(kMaxShown)) continue;
      const auto content = env_.host.files.Read(path, kMaxShown);
      if (content.ok() && IsUtf8(*content)) found.set_content(*content);
    }
    return Ok();
  }

  std::vector<Drift> Compare(const ServerSpec& confirmed, const v1::ObjectState& /*state*/,
                             const ServerObserved& observed) override {
    std::vector<Drift> drift;
    for (const std::string& path : KeysOf(confirmed.files())) {
      const ServerFile& wanted = confirmed.files().at(path);
      const auto found = observed.files().find(path);
      const auto attributes = AttributesOf(wanted, kDefaultMode);
      if (!attributes.ok()) continue;
      if (found == observed.files().end()) {
        drift.push_back({path, path + " is gone"});
      } else if (found->second.type() != "file") {
        drift.push_back({path, path + " is a " + found->second.type() + " now", false});
      } else if (found->second.sha256() != Sha256(wanted.content()).Hex()) {
        drift.push_back({path, "the content of " + path + " differs"});
      } else if (found->second.mode() != host::FormatMode(attributes->mode) ||
                 found->second.owner() != attributes->owner || found->second.group() != attributes->group) {
        drift.push_back({path, path + " is " + found->second.mode() + " " + found->second.owner() + ":" +
                                   found->second.group() + " instead of " + host::FormatMode(attributes->mode) + " " +
                                   attributes->owner + ":" + attributes->group});
      }
    }
    return drift;
  }

  void Watch(const ServerSpec& spec, Watches& watches) const override {
    for (const auto& entry : spec.files()) watches.folders.insert(host::ParentFolder(entry.first));
  }

  Result<std::string> Fact(const std::string& fact, const std::string& what,
                           const v1::ObjectState& /*state*/) override {
    if (fact != "file.sha256" && fact != "file.exists") return NotFound(fact);
    PW_ASSIGN(const auto stat, env_.host.files.Stat(what));
    if (!stat) return std::string();
    if (fact == "file.exists") return std::string("true");
    if (stat->type != host::FileType::kFile) return std::string(TypeName(stat->type));
    return DigestOf(what, *stat);
  }

  Result<Proof> Prove(const v1::Action& action, const v1::ObjectState& /*state*/) override {
    PW_ASSIGN(const auto payload, ParsePayload<FileAction>(action));
    PW_ASSIGN(const std::string state, StateOf(payload.path()));
    return Proof{{"file:" + payload.path(), state}};
  }

  Result<Done> Execute(const ActionContext& context, const ServerSpec& /*wanted*/, v1::ObjectState& state) override {
    const v1::Action& action = context.dispatch.action();
    PW_ASSIGN(const auto payload, ParsePayload<FileAction>(action));
    const std::string& path = payload.path();
    const std::string item = "file:" + path;
    const std::string before = Noted(context, item);
    Done done;
    if (action.verb() == kRemove) {
      if (!IsManaged(state, item)) {
        done.log.push_back(path + " was there before Podwright: left as it is");
        return done;
      }
      PW_TRY(TakeAway(path, state));
      done.changed = before != "absent";
      return done;
    }
    PW_TRY(Put(path, payload.file(), state));
    if (before == "absent") AddManaged(state, item);
    PW_ASSIGN(const std::string after, StateOf(path));
    done.changed = before != after;
    if (done.changed) {
      const ServerFile& file = payload.file();
      PW_TRY(NoteOwed(env_, {file.reloads().begin(), file.reloads().end()},
                      {file.restarts().begin(), file.restarts().end()}, state));
    }
    return done;
  }

  void Confirm(const v1::Dispatch& dispatch, const ServerSpec& wanted, ServerSpec& confirmed) const override {
    const auto payload = ParsePayload<FileAction>(dispatch.action());
    if (!payload.ok()) return;
    const bool writes = dispatch.action().verb() == kWrite;
    ConfirmItem(payload->path(), wanted.files(), dispatch.compensation(), writes ? &payload->file() : nullptr,
                *confirmed.mutable_files());
  }

  Status Repair(const Drift& drift, const ServerSpec& confirmed, v1::ObjectState& state) override {
    const ServerFile& wanted = confirmed.files().at(drift.name);
    PW_TRY(Put(drift.name, wanted, state));
    return ReloadRunning(env_, {wanted.reloads().begin(), wanted.reloads().end()});
  }

  Status TakeAway(const std::string& path, v1::ObjectState& state) override {
    PW_TRY(env_.host.files.Remove(path));
    PW_TRY(DropFoldersOf(env_, path, state));
    DropManaged(state, "file:" + path);
    return Ok();
  }

 private:
  // "" where it is too large to be one of ours.
  Result<std::string> DigestOf(const std::string& path, const host::FileStat& stat) {
    const auto known = digests_.find(path);
    if (known != digests_.end() && known->second.first == stat.stamp) return known->second.second;
    if (stat.size > static_cast<std::int64_t>(kMaxRead)) return std::string();
    PW_ASSIGN(const std::string content, env_.host.files.Read(path, kMaxRead));
    const std::string digest = Sha256(content).Hex();
    digests_[path] = {stat.stamp, digest};
    return digest;
  }

  // One text for content, mode and owner: what a proof compares.
  Result<std::string> StateOf(const std::string& path) {
    PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
    if (!stat) return std::string("absent");
    if (stat->type != host::FileType::kFile) return std::string(TypeName(stat->type));
    PW_ASSIGN(const std::string digest, DigestOf(path, *stat));
    return digest + " " + host::FormatMode(stat->mode) + " " + stat->owner + ":" + stat->group;
  }

  Status Put(const std::string& path, const ServerFile& file, v1::ObjectState& state) {
    PW_ASSIGN(const host::FileAttributes attributes, AttributesOf(file, kDefaultMode));
    PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
    if (stat && stat->type == host::FileType::kFile) {
      PW_ASSIGN(const std::string digest, DigestOf(path, *stat));
      if (digest == Sha256(file.content()).Hex()) {
        return SameAttributes(*stat, attributes) ? Ok() : env_.host.files.SetAttributes(path, attributes);
      }
    }
    PW_TRY(MakeFoldersFor(env_, path, state));
    return env_.host.files.Write(path, file.content(), attributes);
  }

  std::map<std::string, std::pair<std::string, std::string>> digests_;  // path → stamp, SHA-256
};

}  // namespace

std::unique_ptr<Family> MakeFiles(Environment& env) {
  return std::make_unique<Files>(env);
}

}  // namespace podwright::drivers::server
