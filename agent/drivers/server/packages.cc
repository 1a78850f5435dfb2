// Distribution packages: installed in any or one exact version, or absent.
#include "agent/drivers/server/family.h"

namespace podwright::drivers::server {
namespace {

using v1::kinds::PackageAction;

constexpr char kInstall[] = "server.package.install";
constexpr char kRemove[] = "server.package.remove";

class Packages final : public Family {
 public:
  using Family::Family;
  std::string Name() const override { return "package"; }
  std::vector<std::string> Verbs() const override { return {kInstall, kRemove}; }

  Status Observe(const ServerSpec& spec, const v1::ObjectState& /*state*/, ServerObserved& observed) override {
    PW_ASSIGN(const auto installed, env_.host.packages.Installed(KeysOf(spec.packages())));
    for (const auto& [name, version] : installed) (*observed.mutable_packages())[name] = version;
    return Ok();
  }

  std::vector<Drift> Compare(const ServerSpec& confirmed, const v1::ObjectState& /*state*/,
                             const ServerObserved& observed) override {
    std::vector<Drift> drift;
    for (const std::string& name : KeysOf(confirmed.packages())) {
      const auto& wanted = confirmed.packages().at(name);
      const auto found = observed.packages().find(name);
      const bool installed = found != observed.packages().end();
      if (wanted.absent()) {
        // Removing is a decision for a plan.
        if (installed) drift.push_back({name, "package " + name + " is installed again", false});
      } else if (!installed) {
        drift.push_back({name, "package " + name + " is not installed any more"});
      } else if (wanted.has_version() && wanted.version() != found->second) {
        drift.push_back({name, "package " + name + " is " + found->second + " instead of " + wanted.version()});
      }
    }
    return drift;
  }

  void Watch(const ServerSpec& spec, Watches& watches) const override {
    if (!spec.packages().empty()) watches.folders.insert("/var/lib/dpkg");
  }

  Result<std::string> Fact(const std::string& fact, const std::string& what,
                           const v1::ObjectState& /*state*/) override {
    if (fact != "package.version") return NotFound(fact);
    return VersionOf(what);
  }

  Result<Proof> Prove(const v1::Action& action, const v1::ObjectState& /*state*/) override {
    PW_ASSIGN(const auto payload, ParsePayload<PackageAction>(action));
    PW_ASSIGN(const std::string version, VersionOf(payload.name()));
    return Proof{{"package:" + payload.name(), version.empty() ? "absent" : version}};
  }

  Result<Done> Execute(const ActionContext& context, const ServerSpec& wanted, v1::ObjectState& state) override {
    const v1::Action& action = context.dispatch.action();
    PW_ASSIGN(const auto payload, ParsePayload<PackageAction>(action));
    const std::string item = "package:" + payload.name();
    const std::string before = Noted(context, item);
    Done done;
    if (action.verb() == kRemove) {
      const auto listed = wanted.packages().find(payload.name());
      const bool asked = listed != wanted.packages().end() && listed->second.absent();
      if (!asked && !IsManaged(state, item)) {
        done.log.push_back("package " + payload.name() + " was there before Podwright: left as it is");
        return done;
      }
      PW_TRY(TakeAway(payload.name(), state));
      done.changed = before != "absent";
      return done;
    }
    PW_ASSIGN(const std::string present, VersionOf(payload.name()));
    if (present.empty() || (!payload.version().empty() && present != payload.version())) {
      PW_TRY(env_.host.packages.Install(payload.name(), payload.version()));
    }
    PW_ASSIGN(const std::string after, VersionOf(payload.name()));
    if (after.empty() || (!payload.version().empty() && after != payload.version())) {
      return Error(ErrorCode::kInternal,
                   "package " + payload.name() + " is " + (after.empty() ? "not installed" : after) +
                       " after apt-get said that it installed it",
                   Retry::kBackoff);
    }
    if (before == "absent") AddManaged(state, item);
    done.changed = before != after;
    done.log.push_back("package " + payload.name() + " " + after);
    return done;
  }

  void Confirm(const v1::Dispatch& dispatch, const ServerSpec& wanted, ServerSpec& confirmed) const override {
    const auto payload = ParsePayload<PackageAction>(dispatch.action());
    if (!payload.ok()) return;
    v1::kinds::ServerPackage item;
    if (!payload->version().empty()) item.set_version(payload->version());
    const bool installs = dispatch.action().verb() == kInstall;
    ConfirmItem(payload->name(), wanted.packages(), dispatch.compensation(), installs ? &item : nullptr,
                *confirmed.mutable_packages());
  }

  Status Repair(const Drift& drift, const ServerSpec& confirmed, v1::ObjectState& /*state*/) override {
    return env_.host.packages.Install(drift.name, confirmed.packages().at(drift.name).version());
  }

  Status TakeAway(const std::string& name, v1::ObjectState& state) override {
    PW_ASSIGN(const std::string present, VersionOf(name));
    if (!present.empty()) {
      PW_TRY(env_.host.packages.Remove(name));
    }
    DropManaged(state, "package:" + name);
    return Ok();
  }

 private:
  // "" where it is not installed.
  Result<std::string> VersionOf(const std::string& name) {
    PW_ASSIGN(const auto installed, env_.host.packages.Installed({name}));
    return installed.empty() ? std::string() : installed.begin()->second;
  }
};

}  // namespace

std::unique_ptr<Family> MakePackages(Environment& env) {
  return std::make_unique<Packages>(env);
}

}  // namespace podwright::drivers::server
