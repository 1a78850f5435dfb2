// A source as Sources holds it in memory. For the files of reconciler/sources only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "podwright/v1/kinds/git_source.pb.h"
#include "podwright/v1/source.pb.h"
#include "reconciler/control/keys.h"
#include "reconciler/sources/look.h"
#include "reconciler/sources/secret_memo.h"
#include "reconciler/sources/webhook.h"

namespace podwright::control {
class ControlPlane;
}

namespace podwright::sources {

// Protected by the lock of Sources, but `memory`, which belongs to the look that runs.
struct SourceRow {
  SourceRow(control::ControlPlane& control, const kinds::Registry& kinds)
      : memory(control, kinds), webhook_secrets(control) {}

  control::ObjectId id;
  std::int64_t generation = 0;
  v1::kinds::GitSourceSpec spec;  // with its defaults
  v1::SourceLedger ledger;

  SteadyTime due{};
  bool running = false;
  bool again = false;  // something asked for a look while one ran
  SteadyTime last_look{};
  std::uint64_t asked = 0;
  std::uint64_t done = 0;

  std::string wanted;
  std::string wanted_subject;
  std::optional<v1::SourceProblem> problem;
  WallTime fetched{};

  LookMemory memory;
  SecretMemo webhook_secrets;
  ReplayGuard replays;
  WallTime webhook{};
  std::uint64_t webhooks_refused = 0;

  bool Suspended() const { return spec.suspend() || ledger.has_suspension(); }
};

// What people see of it. Asks the control plane how the source's objects stand.
v1::SourceView MakeView(const SourceRow& row, control::ControlPlane& control, Clock& clock);

}  // namespace podwright::sources
