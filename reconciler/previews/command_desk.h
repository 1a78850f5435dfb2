// Follows the commands in a pull request's comments: whose author may write to the repository, each once.
//
// What a command can do is bounded: have a plan made again, have one head of a fork planned, approve a digest. Nothing
// unmerged is ever applied. The answer is a line of the one comment.
// Threading: one thread. Errors: those of the forge and the store; the command is read again at the next look.
#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "reconciler/control/keys.h"
#include "reconciler/forge/forge.h"
#include "reconciler/previews/commands.h"

namespace podwright::store {
class Store;
}
namespace podwright::control {
class ControlPlane;
}

namespace podwright::previews {

struct Approval;
struct PullRow;

class CommandDesk {
 public:
  struct Tools {
    store::Store& store;
    Clock& clock;
    control::ControlPlane& control;
  };
  CommandDesk(Tools tools, const control::ObjectId& source, forge::Forge& forge)
      : tools_(tools), source_(source), forge_(forge) {}

  // Reads what is new. An approval is only noted: it is given when the plan was made again, and until then the ledger
  // does not say that it was read.
  Status Read(PullRow& row);
  // Gives the noted approvals, where their digest is still what a merge would do. True: policy may see the plan
  // otherwise now.
  Result<bool> Approve(PullRow& row);

 private:
  Status Remember(PullRow& row);
  void Follow(PullRow& row, const Command& command, const forge::Comment& comment,
              const std::vector<forge::Comment>& all);
  void Plan(PullRow& row, const Command& command, const std::string& login);
  void NoteApproval(PullRow& row, const Command& command, const forge::Comment& comment,
                    const std::vector<forge::Comment>& all);
  std::string Give(PullRow& row, const Approval& approval, bool* changed);
  Status Save(PullRow& row);

  const Tools tools_;
  const control::ObjectId source_;
  forge::Forge& forge_;
};

}  // namespace podwright::previews
