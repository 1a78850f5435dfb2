// Brings what is to be shown to the forge: every status first, then comments, each only where it differs from what the
// forge has for certain. The ledger is written before and after each write.
//
// Threading: one thread. Never waits for the forge's pace.
#pragma once

#include <map>
#include <optional>

#include "core/clock.h"
#include "core/result.h"
#include "reconciler/control/keys.h"
#include "reconciler/forge/forge.h"

namespace podwright::store {
class Store;
}

namespace podwright::previews {

struct PullRow;
struct Content;

class Publisher {
 public:
  struct Tools {
    store::Store& store;
    Clock& clock;
  };
  Publisher(Tools tools, const control::ObjectId& source, forge::Forge& forge)
      : tools_(tools), source_(source), forge_(forge) {}

  // Answers when to go on, where something is left to be written.
  std::optional<SteadyTime> Publish(std::map<std::uint64_t, PullRow>& rows);

 private:
  enum class Step { kDone, kLater };
  Step WriteStatus(PullRow& row);
  Step WriteComment(PullRow& row);
  // What a failed write means for what comes next.
  Step After(PullRow& row, const Error& error);
  Status MarkShown(PullRow& row);
  bool MyTurn(const PullRow& row);
  Status Save(PullRow& row);

  const Tools tools_;
  const control::ObjectId source_;
  forge::Forge& forge_;
  std::optional<SteadyTime> later_;
};

}  // namespace podwright::previews
