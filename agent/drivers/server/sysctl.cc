// Kernel parameters: set now, and at every boot by a file of Podwright's own.
#include "agent/drivers/server/family.h"

namespace podwright::drivers::server {
namespace {

using v1::kinds::SysctlAction;

constexpr char kSet[] = "server.sysctl.set";
constexpr char kRemove[] = "server.sysctl.remove";
constexpr char kPath[] = "/etc/sysctl.d/60-podwright.conf";
constexpr char kHeader[] = "# Written by podwright-agent; changes here are undone.\n";
constexpr std::size_t kMaxFile = 1024 * 1024;

std::string Normal(const std::string& value) {
  std::string text;
  for (const char c : value) {
    const char plain = c == '\t' ? ' ' : c;
    if (plain != ' ' || (!text.empty() && text.back() != ' ')) text += plain;
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

using Lines = std::map<std::string, std::string>;

Lines ParseLines(const std::string& text) {
  Lines lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    const auto equals = line.find('=');
    if (!line.empty() && line[0] != '#' && equals != std::string::npos) {
      lines[Normal(line.substr(0, equals))] = Normal(line.substr(equals + 1));
    }
    begin = end + 1;
  }
  return lines;
}

class Sysctl final : public Family {
 public:
  using Family::Family;
  std::string Name() const override { return "sysctl"; }
  std::vector<std::string> Verbs() const override { return {kSet, kRemove}; }

  Status Observe(const ServerSpec& spec, const v1::ObjectState& /*state*/, ServerObserved& observed) override {
    for (const auto& entry : spec.sysctl()) {
      PW_ASSIGN(const auto value, env_.host.sysctls.Get(entry.first));
      if (value) (*observed.mutable_sysctl())[entry.first] = *value;
    }
    return Ok();
  }

  std::vector<Drift> Compare(const ServerSpec& confirmed, const v1::ObjectState& /*state*/,
                             const ServerObserved& observed) override {
    std::vector<Drift> drift;
    if (confirmed.sysctl().empty()) return drift;
    const auto lines = ReadFile();
    for (const std::string& key : KeysOf(confirmed.sysctl())) {
      const std::string wanted = Normal(confirmed.sysctl().at(key));
      const auto found = observed.sysctl().find(key);
      if (found == observed.sysctl().end()) {
        drift.push_back({key, "the kernel has no " + key + " any more", false});
      } else if (Normal(found->second) != wanted) {
        drift.push_back({key, key + " is " + found->second + " instead of " + wanted});
      } else if (lines.ok() && (!lines->contains(key) || lines->at(key) != wanted)) {
        drift.push_back({key, key + " is not kept in " + kPath});
      }
    }
    return drift;
  }

  void Watch(const ServerSpec& spec, Watches& watches) const override {
    if (!spec.sysctl().empty()) watches.folders.insert(host::ParentFolder(kPath));
  }

  Result<std::string> Fact(const std::string& fact, const std::string& what,
                           const v1::ObjectState& /*state*/) override {
    if (fact != "sysctl.value") return NotFound(fact);
    PW_ASSIGN(const auto value, env_.host.sysctls.Get(what));
    return value.value_or("");
  }

  Result<Proof> Prove(const v1::Action& action, const v1::ObjectState& /*state*/) override {
    PW_ASSIGN(const auto payload, ParsePayload<SysctlAction>(action));
    PW_ASSIGN(const auto value, env_.host.sysctls.Get(payload.key()));
    PW_ASSIGN(const Lines lines, ReadFile());
    return Proof{{"sysctl:" + payload.key(), value.value_or("")},
                 {"kept:" + payload.key(), lines.contains(payload.key()) ? lines.at(payload.key()) : "absent"}};
  }

  Result<Done> Execute(const ActionContext& context, const ServerSpec& /*wanted*/, v1::ObjectState& state) override {
    const v1::Action& action = context.dispatch.action();
    PW_ASSIGN(const auto payload, ParsePayload<SysctlAction>(action));
    const std::string& key = payload.key();
    Done done;
    if (action.verb() == kRemove) {
      if (!IsManaged(state, "sysctl:" + key)) return done;
      PW_TRY(TakeAway(key, state));
      done.changed = Noted(context, "kept:" + key) != "absent";
      return done;
    }
    if (payload.value().find_first_of("\n\r") != std::string::npos) {
      return InvalidArgument("the value of " + key + " has more than one line");
    }
    const std::string before = Noted(context, "sysctl:" + key);
    const std::string kept = Noted(context, "kept:" + key);
    PW_TRY(Put(key, Normal(payload.value())));
    if (kept == "absent" && !state.originals().contains("sysctl:" + key)) {
      (*state.mutable_originals())["sysctl:" + key] = before;
    }
    AddManaged(state, "sysctl:" + key);
    done.changed = Normal(before) != Normal(payload.value()) || kept != Normal(payload.value());
    return done;
  }

  void Confirm(const v1::Dispatch& dispatch, const ServerSpec& wanted, ServerSpec& confirmed) const override {
    const auto payload = ParsePayload<SysctlAction>(dispatch.action());
    if (!payload.ok()) return;
    const bool sets = dispatch.action().verb() == kSet;
    ConfirmItem(payload->key(), wanted.sysctl(), dispatch.compensation(), sets ? &payload->value() : nullptr,
                *confirmed.mutable_sysctl());
  }

  Status Repair(const Drift& drift, const ServerSpec& confirmed, v1::ObjectState& /*state*/) override {
    return Put(drift.name, Normal(confirmed.sysctl().at(drift.name)));
  }

  Status TakeAway(const std::string& key, v1::ObjectState& state) override {
    PW_ASSIGN(Lines lines, ReadFile());
    if (lines.erase(key) > 0) {
      PW_TRY(WriteFile(lines));
    }
    const auto original = state.originals().find("sysctl:" + key);
    if (original != state.originals().end()) {
      PW_ASSIGN(const auto now, env_.host.sysctls.Get(key));
      if (now && *now != original->second) {
        PW_TRY(env_.host.sysctls.Set(key, original->second));
      }
      state.mutable_originals()->erase("sysctl:" + key);
    }
    DropManaged(state, "sysctl:" + key);
    return Ok();
  }

 private:
  Result<Lines> ReadFile() {
    PW_ASSIGN(const auto stat, env_.host.files.Stat(kPath));
    if (!stat) return Lines();
    PW_ASSIGN(const std::string text, env_.host.files.Read(kPath, kMaxFile));
    return ParseLines(text);
  }

  Status WriteFile(const Lines& lines) {
    if (lines.empty()) return env_.host.files.Remove(kPath);
    std::string text = kHeader;
    for (const auto& [key, value] : lines) text += key + " = " + value + "\n";
    PW_ASSIGN([[maybe_unused]] const auto made, env_.host.files.MakeFolders(host::ParentFolder(kPath)));
    return env_.host.files.Write(kPath, text, {0644, "root", "root"});
  }

  // The kernel first: what it refuses is not kept for the next boot.
  Status Put(const std::string& key, const std::string& value) {
    PW_ASSIGN(const auto now, env_.host.sysctls.Get(key));
    if (!now) return FailedPrecondition("the kernel has no parameter " + key);
    if (Normal(*now) != value) {
      PW_TRY(env_.host.sysctls.Set(key, value));
      PW_ASSIGN(const auto after, env_.host.sysctls.Get(key));
      if (Normal(after.value_or("")) != value) {
        return FailedPrecondition("the kernel keeps " + key + " at " + after.value_or("") + " instead of " + value);
      }
    }
    PW_ASSIGN(Lines lines, ReadFile());
    if (lines.contains(key) && lines.at(key) == value) return Ok();
    lines[key] = value;
    return WriteFile(lines);
  }
};

}  // namespace

std::unique_ptr<Family> MakeSysctl(Environment& env) {
  return std::make_unique<Sysctl>(env);
}

}  // namespace podwright::drivers::server
