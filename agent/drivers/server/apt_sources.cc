// Further apt sources, each with a key of its own. A source that does not work is taken back at once, so that it does
// not stand in the way of every later `apt-get update`.
#include "agent/drivers/server/family.h"
#include "agent/host/programs.h"
#include "kinds/server/apt_source_form.h"

namespace podwright::drivers::server {
namespace {

using kinds::AptSourceFile;
using v1::kinds::AptSourceAction;
using v1::kinds::ServerAptSource;

constexpr char kSet[] = "server.apt_source.set";
constexpr char kRemove[] = "server.apt_source.remove";
constexpr char kItem[] = "apt_source:";
constexpr std::size_t kMaxRead = 1024 * 1024;
constexpr std::chrono::seconds kUpdateLimit{300};

struct Found {
  std::vector<AptSourceFile> files;
  bool foreign = false;
};

class AptSources final : public Family {
 public:
  using Family::Family;
  std::string Name() const override { return "apt_source"; }
  std::vector<std::string> Verbs() const override { return {kSet, kRemove}; }

  Status Observe(const ServerSpec& spec, const v1::ObjectState& /*state*/, ServerObserved& observed) override {
    for (const std::string& name : KeysOf(spec.apt_sources())) {
      PW_ASSIGN(const Found found, Look(name));
      if (found.files.empty()) continue;
      auto& item = (*observed.mutable_apt_sources())[name];
      item.set_sha256(kinds::AptSourceDigest(found.files));
      if (found.foreign) item.set_foreign(true);
    }
    return Ok();
  }

  std::vector<Drift> Compare(const ServerSpec& confirmed, const v1::ObjectState& /*state*/,
                             const ServerObserved& observed) override {
    std::vector<Drift> drift;
    for (const std::string& name : KeysOf(confirmed.apt_sources())) {
      const auto wanted = kinds::AptSourceFiles(name, confirmed.apt_sources().at(name));
      if (!wanted.ok()) continue;
      const auto found = observed.apt_sources().find(name);
      if (found == observed.apt_sources().end()) {
        drift.push_back({name, "the apt source " + name + " is gone"});
      } else if (found->second.foreign()) {
        drift.push_back({name, "the file of the apt source " + name + " is somebody else's now", false});
      } else if (found->second.sha256() != kinds::AptSourceDigest(*wanted)) {
        drift.push_back({name, "the apt source " + name + " or its key differs"});
      }
    }
    return drift;
  }

  void Watch(const ServerSpec& spec, Watches& watches) const override {
    for (const auto& entry : spec.apt_sources()) {
      const kinds::AptSourcePaths paths = kinds::AptSourcePathsOf(entry.first);
      for (const std::string& path : {paths.key, paths.sources, paths.preferences}) {
        watches.folders.insert(host::ParentFolder(path));
      }
    }
  }

  Result<std::string> Fact(const std::string& fact, const std::string& what,
                           const v1::ObjectState& /*state*/) override {
    if (fact != "apt_source.sha256") return NotFound(fact);
    PW_ASSIGN(const Found found, Look(what));
    return found.files.empty() ? std::string() : kinds::AptSourceDigest(found.files);
  }

  Result<Proof> Prove(const v1::Action& action, const v1::ObjectState& /*state*/) override {
    PW_ASSIGN(const auto payload, ParsePayload<AptSourceAction>(action));
    PW_ASSIGN(const Found found, Look(payload.name()));
    return Proof{{kItem + payload.name(), found.files.empty() ? "absent" : kinds::AptSourceDigest(found.files)}};
  }

  Result<Done> Execute(const ActionContext& context, const ServerSpec& /*wanted*/, v1::ObjectState& state) override {
    const v1::Action& action = context.dispatch.action();
    PW_ASSIGN(const auto payload, ParsePayload<AptSourceAction>(action));
    const std::string& name = payload.name();
    Done done;
    if (action.verb() == kRemove) {
      PW_ASSIGN(const Found found, Look(name));
      if (found.foreign && !IsManaged(state, kItem + name)) {
        done.log.push_back("the apt source " + name + " is somebody else's: left as it is");
        return done;
      }
      PW_TRY(TakeAway(name, state));
      done.changed = !found.files.empty();
      return done;
    }
    PW_TRY(Set(name, payload.source(), state));
    AddManaged(state, kItem + name);
    done.changed = true;
    done.log.push_back("apt knows what is in " + payload.source().uri());
    return done;
  }

  void Confirm(const v1::Dispatch& dispatch, const ServerSpec& wanted, ServerSpec& confirmed) const override {
    const auto payload = ParsePayload<AptSourceAction>(dispatch.action());
    if (!payload.ok()) return;
    const bool sets = dispatch.action().verb() == kSet;
    ConfirmItem(payload->name(), wanted.apt_sources(), dispatch.compensation(), sets ? &payload->source() : nullptr,
                *confirmed.mutable_apt_sources());
  }

  // The files alone can be brought back without a network; then apt reads the source again.
  Status Repair(const Drift& drift, const ServerSpec& confirmed, v1::ObjectState& state) override {
    PW_TRY(Write(drift.name, confirmed.apt_sources().at(drift.name), state));
    return Update(drift.name);
  }

  Status TakeAway(const std::string& name, v1::ObjectState& state) override {
    // The source goes before its key: apt never sees a source whose key is gone.
    const kinds::AptSourcePaths paths = kinds::AptSourcePathsOf(name);
    for (const std::string& path : {paths.sources, paths.preferences, paths.key}) {
      PW_TRY(env_.host.files.Remove(path));
      PW_TRY(DropFoldersOf(env_, path, state));
    }
    DropManaged(state, kItem + name);
    return Ok();
  }

 private:
  Result<Found> Look(const std::string& name) {
    Found found;
    const kinds::AptSourcePaths paths = kinds::AptSourcePathsOf(name);
    for (const std::string& path : {paths.key, paths.sources, paths.preferences}) {
      PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
      if (!stat) continue;
      AptSourceFile file{path, "", stat->owner == "root" && stat->group == "root" ? stat->mode : 0};
      if (stat->type == host::FileType::kFile && stat->size <= static_cast<std::int64_t>(kMaxRead)) {
        PW_ASSIGN(file.content, env_.host.files.Read(path, kMaxRead));
      }
      found.foreign = found.foreign || (path == paths.sources && !kinds::IsOurAptSource(file.content));
      found.files.push_back(std::move(file));
    }
    return found;
  }

  Status Write(const std::string& name, const ServerAptSource& source, v1::ObjectState& state) {
    PW_ASSIGN(const auto files, kinds::AptSourceFiles(name, source));
    for (const AptSourceFile& file : files) {
      PW_TRY(MakeFoldersFor(env_, file.path, state));
      PW_TRY(env_.host.files.Write(file.path, file.content, {file.mode, "root", "root"}));
    }
    if (!source.has_priority()) PW_TRY(env_.host.files.Remove(kinds::AptSourcePathsOf(name).preferences));
    return Ok();
  }

  // What fails is taken back to what was confirmed: what lies there may be of a try that broke off.
  Status Set(const std::string& name, const ServerAptSource& source, v1::ObjectState& state) {
    PW_ASSIGN(const Found found, Look(name));
    if (found.foreign && !IsManaged(state, kItem + name)) {
      return FailedPrecondition(kinds::AptSourcePathsOf(name).sources +
                                " is there and was not written by Podwright: take it away, or choose another name");
    }
    Status done = Write(name, source, state);
    if (done.ok()) done = Update(name);
    if (done.ok()) return done;
    ServerSpec confirmed;
    const bool parsed = confirmed.ParseFromString(state.confirmed_spec());
    const auto before = confirmed.apt_sources().find(name);
    const bool had = parsed && before != confirmed.apt_sources().end();
    const Status back = had ? Write(name, before->second, state) : TakeAway(name, state);
    const std::string tail = !back.ok() ? "; taking it back failed, too: " + back.error().message()
                             : had      ? "; the source is as it was before"
                                        : "; the source was taken back";
    return Error(done.error().code(), done.error().message() + tail, done.error().retry());
  }

  // Of this source only: another one that cannot be reached is no matter of this one.
  Status Update(const std::string& name) {
    const ProcessRequest request = host::Program(
        {"apt-get", "-q", "-o", "Dir::Etc::sourcelist=" + kinds::AptSourcePathsOf(name).sources, "-o",
         "Dir::Etc::sourceparts=-", "-o", "APT::Get::List-Cleanup=0", "-o", "APT::Update::Error-Mode=any", "-o",
         "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20", "update"},
        kUpdateLimit);
    PW_ASSIGN(const ProcessResult result, env_.host.programs.Run(request));
    if (result.Succeeded()) return Ok();
    const Error failure = ProcessFailure(request, result);
    const std::string words = result.out + result.err;
    const bool signature = words.find("NO_PUBKEY") != std::string::npos ||
                           words.find("is not signed") != std::string::npos ||
                           words.find("BADSIG") != std::string::npos || words.find("signature") != std::string::npos;
    if (!signature)
      return Error(ErrorCode::kUnavailable, "the apt source " + name + ": " + failure.message(), Retry::kBackoff);
    return FailedPrecondition("the apt source " + name + " is not signed by its `key`: " + failure.message());
  }
};

}  // namespace

std::unique_ptr<Family> MakeAptSources(Environment& env) {
  return std::make_unique<AptSources>(env);
}

}  // namespace podwright::drivers::server
