#include "agent/drivers/load_balancer/instance.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <sstream>

#include "agent/drivers/object_state.h"
#include "agent/host/files.h"
#include "agent/host/programs.h"
#include "core/digest.h"

namespace podwright::drivers::load_balancer {
namespace {

using kinds::BalancerSide;

constexpr std::size_t kMaxFile = 8 * 1024 * 1024;
constexpr std::size_t kMaxWords = 800;
// How long the new workers may take: thousands of server blocks and a loaded machine.
constexpr std::chrono::milliseconds kConfirmLimit{15'000};
constexpr std::chrono::milliseconds kAskLimit{2'000};
constexpr std::chrono::milliseconds kPause{5};
// How often it is looked whether nginx refused what passed its test (an address in use is no error there).
constexpr std::chrono::milliseconds kWordsPause{500};
// Old workers and new ones take connections side by side for a moment: so many answers in a row are the new ones'.
constexpr int kAnswersInARow = 4;

host::FileAttributes Text() {
  return {0644, "root", "root"};
}
host::FileAttributes Private() {
  return {0600, "root", "root"};
}

std::string MarkOf(const std::string& local_key, const std::string& path, std::string_view value) {
  return HmacSha256(local_key, path + '\0' + std::string(value));
}

// As a unit of ours is that runs; where it is not enabled, that is drift.
host::UnitState Running() {
  host::UnitState unit;
  unit.active_state = "active";
  unit.unit_file_state = "enabled";
  return unit;
}

// Of what nginx says, the lines that say why.
std::string Words(const std::string& output) {
  std::istringstream lines(output);
  std::string chosen;
  std::string all;
  for (std::string line; std::getline(lines, line);) {
    const bool tells = line.find("[emerg]") != std::string::npos;
    if (tells && chosen.find(line) == std::string::npos) chosen += (chosen.empty() ? "" : "; ") + line;
    if (!line.empty()) all += (all.empty() ? "" : "; ") + line;
  }
  std::string words = chosen.empty() ? all : chosen;
  if (words.size() > kMaxWords) words = words.substr(0, kMaxWords) + "…";
  return words;
}

}  // namespace

Instance::Instance(Environment& environment, v1::ObjectState& state, BalancerSide side)
    : env_(environment), state_(state), side_(side), layout_(kinds::LayoutOf(state.object().name(), side)) {}

std::string Instance::GenerationOf(const InstanceFiles& files) {
  Sha256Hasher hasher;
  hasher.UpdateField("podwright nginx 1");
  for (const auto& [path, text] : files.texts) {
    hasher.UpdateField(path);
    hasher.UpdateField(text);
  }
  for (const auto& key : files.keys) hasher.UpdateField(key.first);
  return hasher.Finish().Hex().substr(0, 32);
}

Result<bool> Instance::KeyStands(const std::string& path) {
  PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
  const auto record = state_.secrets().find(path);
  if (!stat || stat->type != host::FileType::kFile || stat->mode != 0600 || record == state_.secrets().end()) {
    return false;
  }
  PW_ASSIGN(std::string content, env_.host.files.Read(path, kMaxFile));
  const bool same = ConstantTimeEquals(MarkOf(env_.local_key, path, content), record->second.content_hmac());
  std::fill(content.begin(), content.end(), '\0');
  return same;
}

Result<InstanceFound> Instance::Look(const InstanceFiles& wanted) {
  InstanceFound found;
  auto texts = wanted.texts;
  texts[layout_.generation] = kinds::GenerationText(side_, GenerationOf(wanted));
  for (const auto& [path, text] : texts) {
    PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
    if (!stat || stat->type != host::FileType::kFile) {
      found.differing.push_back(path);
      continue;
    }
    PW_ASSIGN(const std::string content, env_.host.files.Read(path, kMaxFile));
    if (content != text) found.differing.push_back(path);
  }
  for (const auto& [path, sealed] : wanted.keys) {
    PW_ASSIGN(const bool stands, KeyStands(path));
    if (!stands) found.differing.push_back(path);
  }
  PW_ASSIGN(const auto unit_stat, env_.host.files.Stat(layout_.unit_path));
  if (unit_stat && unit_stat->type == host::FileType::kFile) {
    PW_ASSIGN(const std::string unit, env_.host.files.Read(layout_.unit_path, kMaxFile));
    found.unit_file = unit == kinds::BalancerUnit(state_.object().name(), layout_);
  }
  std::sort(found.differing.begin(), found.differing.end());
  PW_ASSIGN(const auto states, env_.host.units.Show({layout_.unit}));
  found.active = states.begin()->second.Active();
  found.enabled = states.begin()->second.Enabled();
  if (found.active) found.generation = Generation();
  return found;
}

Status Instance::WriteUnit() {
  const std::string text = kinds::BalancerUnit(state_.object().name(), layout_);
  PW_ASSIGN(const auto stat, env_.host.files.Stat(layout_.unit_path));
  if (stat && stat->type == host::FileType::kFile) {
    PW_ASSIGN(const std::string present, env_.host.files.Read(layout_.unit_path, kMaxFile));
    if (present == text) return Ok();
  }
  PW_TRY(env_.host.files.Write(layout_.unit_path, text, Text()));
  return env_.host.units.DaemonReload();
}

Status Instance::WriteKey(const std::string& path, const v1::SealedSecret& sealed) {
  PW_ASSIGN(const bool stands, KeyStands(path));
  if (stands) return Ok();
  std::string mark;
  PW_TRY(env_.open_secret(sealed, [&](std::string_view value) -> Status {
    mark = MarkOf(env_.local_key, path, value);
    return env_.host.files.Write(path, value, Private());
  }));
  v1::DeliveredSecret record;
  record.set_name(sealed.name());
  record.set_version(sealed.version());
  record.set_content_hmac(mark);
  *record.mutable_sealed() = sealed;
  (*state_.mutable_secrets())[path] = std::move(record);
  return Ok();
}

Status Instance::Write(const InstanceFiles& files) {
  PW_TRY(env_.host.files.MakeFolders(layout_.upstreams));
  PW_TRY(env_.host.files.EnsureFolder(layout_.keys, {0700, "root", "root"}));
  PW_TRY(env_.host.files.EnsureFolder(layout_.run_folder, {0755, "root", "root"}));
  for (const auto& [path, sealed] : files.keys) PW_TRY(WriteKey(path, sealed));
  for (const auto& [path, text] : files.texts) PW_TRY(WriteText(path, text));
  return WriteText(layout_.generation, kinds::GenerationText(side_, GenerationOf(files)));
}

Status Instance::WriteText(const std::string& path, const std::string& text) {
  PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
  if (stat && stat->type == host::FileType::kFile && stat->mode == Text().mode) {
    PW_ASSIGN(const std::string present, env_.host.files.Read(path, kMaxFile));
    if (present == text) return Ok();
  }
  return env_.host.files.Write(path, text, Text());
}

Status Instance::RemoveStale(const InstanceFiles& old, const InstanceFiles& wanted) {
  for (const auto& [path, text] : old.texts) {
    if (!wanted.texts.contains(path)) PW_TRY(env_.host.files.Remove(path));
  }
  for (const auto& [path, sealed] : old.keys) {
    if (wanted.keys.contains(path)) continue;
    PW_TRY(env_.host.files.Remove(path));
    state_.mutable_secrets()->erase(path);
  }
  return Ok();
}

Status Instance::Test() {
  const ProcessRequest request = host::Program({"/usr/sbin/nginx", "-t", "-q", "-c", layout_.configuration});
  PW_ASSIGN(const ProcessResult result, env_.host.programs.Run(request));
  if (result.Succeeded()) return Ok();
  return Error(ErrorCode::kInvalidArgument, "nginx does not take the configuration: " + Words(result.err + result.out),
               Retry::kAfterChange);
}

std::string Instance::Generation() {
  const std::string_view request =
      side_ == BalancerSide::kHttp ? "GET / HTTP/1.0\r\nHost: podwright\r\n\r\n" : std::string_view();
  const auto answer = env_.host.local_sockets.Ask(layout_.socket, request, kAskLimit);
  if (!answer.ok()) return "";
  const auto body = answer->rfind("\r\n\r\n");
  return body == std::string::npos ? *answer : answer->substr(body + 4);
}

Status Instance::Confirm(const std::string& generation, WallTime since) {
  const SteadyTime deadline = env_.clock.Steady() + kConfirmLimit;
  SteadyTime next_words = env_.clock.Steady() + kWordsPause;
  std::mutex mutex;
  std::condition_variable never;
  int in_a_row = 0;
  while (in_a_row < kAnswersInARow) {
    if (Generation() == generation) {
      ++in_a_row;
      continue;
    }
    in_a_row = 0;
    if (env_.clock.Steady() >= deadline) {
      return Error(ErrorCode::kDeadlineExceeded, "the new workers of nginx did not answer", Retry::kBackoff);
    }
    if (env_.clock.Steady() >= next_words) {
      next_words = env_.clock.Steady() + kWordsPause;
      PW_ASSIGN(const auto states, env_.host.units.Show({layout_.unit}));
      const bool refused = LastWords(since).find("[emerg]") != std::string::npos;
      if (refused || states.begin()->second.Failed()) {
        return Error(ErrorCode::kInternal, "nginx refused it", Retry::kBackoff);
      }
    }
    std::unique_lock lock(mutex);
    env_.clock.WaitUntil(lock, never, env_.clock.Steady() + kPause);
  }
  return Ok();
}

std::string Instance::LastWords(WallTime since) {
  const std::int64_t millis = ToUnixMillis(since);
  const std::string fraction = std::to_string(1000 + millis % 1000).substr(1);
  const std::string start = "@" + std::to_string(millis / 1000) + "." + fraction;
  const ProcessRequest request =
      host::Program({"journalctl", "-u", layout_.unit, "-o", "cat", "-q", "--no-pager", "-n", "40", "--since", start});
  const auto result = env_.host.programs.Run(request);
  return result.ok() && result->Succeeded() ? Words(result->out) : "";
}

Result<host::UnitState> Instance::Unit() {
  PW_ASSIGN(const auto states, env_.host.units.Show({layout_.unit}));
  return states.begin()->second;
}

Status Instance::Load(const std::string& generation, const host::UnitState& unit) {
  if (!unit.Enabled()) PW_TRY(env_.host.units.SetEnabled(layout_.unit, true));
  const WallTime since = env_.clock.Now();
  Status outcome = unit.Active() ? env_.host.units.Reload(layout_.unit) : env_.host.units.Start(layout_.unit);
  if (outcome.ok()) outcome = Confirm(generation, since);
  if (outcome.ok()) return outcome;
  const std::string words = LastWords(since);
  const Error& error = outcome.error();
  if (words.empty()) return error;
  // What is in the way (a port that another program has) may go; trying again is cheap.
  return Error(error.code(), "nginx does not use the configuration: " + words, error.retry());
}

Status Instance::LoadAnew(const std::string& generation) {
  PW_ASSIGN(const host::UnitState unit, Unit());
  return Load(generation, unit);
}

Status Instance::Restore(const InstanceFiles& before, const InstanceFiles& failed, bool was_active,
                         const Error& error) {
  Status restored = Ok();
  if (before.texts.empty()) {
    restored = Remove(failed);
  } else {
    restored = Write(before);
    if (restored.ok() && was_active) restored = LoadAnew(GenerationOf(before));
    if (restored.ok()) restored = RemoveStale(failed, before);
  }
  if (restored.ok()) return error;
  return Error(error.code(),
               error.message() + "; and what was before could not be brought back: " + restored.error().message(),
               error.retry());
}

bool Instance::Runs() const {
  return env_.host.units.Stamp({layout_.unit}).find_first_not_of(';') != std::string::npos;
}

Status Instance::Apply(const InstanceFiles& before, const InstanceFiles& wanted) {
  host::UnitState unit = Running();
  const bool runs = !before.texts.empty() && Runs();
  if (!runs) {
    PW_ASSIGN(unit, Unit());
  }
  PW_TRY(Change(before, wanted, unit, Trial::kTested));
  if (!runs) return Ok();
  // Nobody waits for this any more: the new configuration is in use.
  PW_ASSIGN(unit, Unit());
  return unit.Enabled() ? Ok() : env_.host.units.SetEnabled(layout_.unit, true);
}

// What it changes is made of addresses that were looked at. Should nginx refuse it all the same, it goes on with what
// it has, and that is brought back.
Status Instance::Refresh(const InstanceFiles& before, const InstanceFiles& wanted) {
  return Runs() ? Change(before, wanted, Running(), Trial::kUntested) : Apply(before, wanted);
}

Status Instance::Change(const InstanceFiles& before, const InstanceFiles& wanted, const host::UnitState& unit,
                        Trial trial) {
  const bool was_active = unit.Active();
  AddManaged(state_, layout_.side + ":");
  Status outcome = Write(wanted);
  if (outcome.ok() && trial == Trial::kTested) outcome = Test();
  // nginx as it runs saw nothing of this yet: its files go back, and it is left alone.
  if (!outcome.ok()) return Restore(before, wanted, false, outcome.error());
  outcome = WriteUnit();
  if (outcome.ok()) outcome = Load(GenerationOf(wanted), unit);
  if (!outcome.ok()) return Restore(before, wanted, was_active, outcome.error());
  return RemoveStale(before, wanted);
}

Status Instance::Start(const InstanceFiles& wanted) {
  PW_TRY(WriteUnit());
  PW_TRY(env_.host.files.EnsureFolder(layout_.run_folder, {0755, "root", "root"}));
  PW_TRY(Test());
  return LoadAnew(GenerationOf(wanted));
}

Status Instance::Remove(const InstanceFiles& present) {
  PW_ASSIGN(const auto states, env_.host.units.Show({layout_.unit}));
  const host::UnitState& unit = states.begin()->second;
  if (unit.Active() || unit.Failed()) PW_TRY(env_.host.units.Stop(layout_.unit));
  if (unit.unit_file_state == "enabled") PW_TRY(env_.host.units.SetEnabled(layout_.unit, false));
  PW_TRY(RemoveStale(present, InstanceFiles()));
  PW_TRY(env_.host.files.Remove(layout_.generation));
  PW_TRY(env_.host.files.Remove(layout_.unit_path));
  PW_TRY(env_.host.units.DaemonReload());
  const std::string own = host::ParentFolder(layout_.folder);
  for (const std::string& folder : {layout_.upstreams, layout_.keys, layout_.folder, layout_.run_folder, own,
                                    host::ParentFolder(own), host::ParentFolder(host::ParentFolder(own))}) {
    PW_TRY(env_.host.files.RemoveEmptyFolder(folder));
  }
  DropManaged(state_, layout_.side + ":");
  return Ok();
}

}  // namespace podwright::drivers::load_balancer
