#include "reconciler/daemon/state.h"

#include <unistd.h>

#include <filesystem>
#include <utility>

#include "core/log.h"
#include "reconciler/daemon/first_start.h"
#include "reconciler/secrets/envelope_key.h"
#include "reconciler/store/helpers.h"

namespace podwright::daemon {
namespace {

// A folder that exists only for its owner; parents as the system makes them.
Status MakeDataFolder(const std::filesystem::path& folder) {
  std::error_code error;
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (error) return Internal("cannot make " + folder.parent_path().string() + ": " + error.message());
  return Ok();
}

// Data that was encrypted under a key that is gone must not get a new one beside it.
Result<secrets::IfMissing> WhenKeyIsMissing(store::Store& store) {
  PW_ASSIGN(const store::RangeResult roots,
            store.Range({.range = store::Prefix("ca/"), .revision = 0, .limit = 1, .keys_only = true}));
  return roots.kvs.empty() ? secrets::IfMissing::kCreate : secrets::IfMissing::kFail;
}

void TakeLab(const Settings& settings, State& state) {
  if (!settings.lab) return;
  Result<std::unique_ptr<clouds::LabCloud>> lab = OpenLab(settings, state.installation);
  if (!lab.ok()) {
    log::Info("this host has no lab", {{"reason", lab.error().ToString()}});
    return;
  }
  const Result<std::string> address = (*lab)->HostAddress({});
  if (!address.ok()) {
    log::Info("this host has no lab", {{"reason", address.error().ToString()}});
    return;
  }
  state.lab = *std::move(lab);
  state.lab_address = *address;
}

}  // namespace

Result<std::unique_ptr<clouds::LabCloud>> OpenLab(const Settings& settings, const std::string& installation) {
  if (geteuid() != 0) return FailedPrecondition("the lab needs root");
  std::error_code error;
  const std::filesystem::path data = std::filesystem::absolute(settings.data_dir, error);
  const std::filesystem::path cache = std::filesystem::absolute(settings.lab_cache, error);
  if (error) return Internal("cannot find the lab's folders: " + error.message());
  clouds::LabSettings lab;
  lab.installation = installation;
  lab.data_folder = (data / "lab").lexically_normal().string();
  lab.cache_folder = cache.lexically_normal().string();
  return clouds::LabCloud::Make(std::move(lab));
}

Result<std::unique_ptr<State>> State::Open(const Settings& settings) {
  auto state = std::make_unique<State>();
  PW_TRY(MakeDataFolder(settings.data_dir));
  PW_ASSIGN(state->store,
            store::SqliteStore::Open({.folder = settings.data_dir, .max_bytes = 0, .vfs = ""}, state->clock));
  PW_ASSIGN(state->installation, InstallationId(*state->store, state->random));
  PW_ASSIGN(const secrets::IfMissing if_missing, WhenKeyIsMissing(*state->store));
  PW_ASSIGN(state->keys, secrets::LoadEnvelopeKey(settings.envelope_key, settings.data_dir, if_missing));
  PW_ASSIGN(state->authority, ca::CertificateAuthority::Open(*state->store, state->keys, state->clock));
  PW_ASSIGN(state->audit, auth::AuditLog::Open(*state->store, state->keys, state->clock));
  state->tokens = std::make_unique<auth::ApiTokens>(*state->store, state->clock, state->random);
  state->enrolment = std::make_unique<auth::EnrolmentTokens>(*state->store, state->clock, state->random);
  state->secrets = std::make_unique<secrets::SecretStore>(
      *state->store, state->keys, state->clock, [&audit = *state->audit](const secrets::Opening& opening) -> Status {
        PW_TRY(audit.Append({.actor = opening.by,
                             .verb = "secret.open",
                             .workspace = opening.secret.workspace,
                             .object = "secret/" + opening.secret.name,
                             .outcome = "ok",
                             .detail = opening.purpose + ", version " + std::to_string(opening.version)}));
        return Ok();
      });
  TakeLab(settings, *state);
  return state;
}

std::map<std::string, clouds::Cloud*> State::Clouds() const {
  std::map<std::string, clouds::Cloud*> clouds;
  if (lab) clouds.emplace(std::string(lab->name()), lab.get());
  return clouds;
}

Result<std::vector<std::string>> State::MachineShell(const std::string& workspace, const std::string& server,
                                                     bool terminal) {
  if (!lab) return FailedPrecondition("this control plane has no lab");
  PW_ASSIGN(const std::vector<clouds::Machine> machines, lab->List({}));
  for (const clouds::Machine& machine : machines) {
    const auto label = machine.labels.find("workspace");
    if (machine.name != server || label == machine.labels.end() || label->second != workspace) continue;
    if (machine.state != clouds::MachineState::kRunning) continue;
    if (terminal) return lab->ShellArgv(machine.tag);
    // Without the last word it is the beginning of every command there.
    PW_ASSIGN(std::vector<std::string> argv, lab->ShellArgv(machine.tag, {"true"}));
    argv.pop_back();
    return argv;
  }
  return NotFound("server/" + server + " has no running machine in the lab");
}

}  // namespace podwright::daemon
