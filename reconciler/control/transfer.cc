#include "reconciler/control/transfer.h"

#include <set>
#include <utility>
#include <vector>

#include "kinds/registry.h"
#include "kinds/validate.h"
#include "reconciler/control/change.h"
#include "reconciler/control/owner.h"

namespace podwright::control {
namespace {

constexpr int kMostObjects = 20'000;

Status CheckRequest(const kinds::Registry& registry, const v1::TransferRequest& request) {
  if (!IsOwner(request.to())) return InvalidArgument("the new owner has to be like " + std::string(kOwnerForms));
  if (!request.from().empty() && !IsOwner(request.from())) {
    return InvalidArgument("the owner of before has to be like " + std::string(kOwnerForms));
  }
  if (request.from() == request.to()) return InvalidArgument("both owners are " + request.to());
  if (request.objects_size() == 0 && request.from().empty()) {
    return InvalidArgument("name objects, or the owner whose objects all go");
  }
  if (request.objects_size() > kMostObjects) {
    return InvalidArgument("more than " + std::to_string(kMostObjects) + " objects in one request");
  }
  for (const v1::ObjectRef& ref : request.objects()) {
    if (registry.Find(ref.kind()) == nullptr)
      return InvalidArgument("there is no kind \"" + ref.kind().substr(0, 100) + "\"");
    if (!kinds::IsValidName(ref.name())) return InvalidArgument("\"" + ref.name().substr(0, 100) + "\" is no name");
  }
  return Ok();
}

std::set<ObjectId> Asked(const Core& core, const v1::TransferRequest& request) {
  std::set<ObjectId> out;
  for (const v1::ObjectRef& ref : request.objects()) out.insert(IdOf(request.workspace(), ref));
  if (!out.empty()) return out;
  const auto& objects = core.tables.objects;
  for (auto at = objects.lower_bound({request.workspace(), "", ""}); at != objects.end(); ++at) {
    if (at->first.workspace != request.workspace()) break;
    const v1::StoredObject& object = at->second.object;
    if (object.lifecycle() == v1::LIFECYCLE_LIVE && object.owner() == request.from()) out.insert(at->first);
  }
  return out;
}

// Why the object cannot go; Ok: it can.
Status CheckObject(const Core& core, const v1::TransferRequest& request, const ObjectId& id) {
  const ObjectRow* row = core.tables.Find(id);
  if (row == nullptr) return NotFound("there is no " + id.Text() + " in the workspace " + id.workspace);
  const v1::StoredObject& object = row->object;
  if (object.lifecycle() != v1::LIFECYCLE_LIVE) {
    return Error(ErrorCode::kConflict, id.Text() + " is being deleted by " + object.owner());
  }
  if (!request.from().empty() && object.owner() != request.from() && object.owner() != request.to()) {
    return Error(ErrorCode::kConflict, id.Text() + " belongs to " + object.owner() + ", not to " + request.from());
  }
  const auto expected = request.expected_revisions().find(id.Text());
  if (expected != request.expected_revisions().end() && expected->second != row->revision) {
    return Error(ErrorCode::kConflict, id.Text() + " was changed by somebody else: expected revision " +
                                           std::to_string(expected->second) + ", it has " +
                                           std::to_string(row->revision));
  }
  return Ok();
}

// What the set of the owner of before has to say now.
std::string Leaving(const std::string& owner) {
  if (owner.starts_with("git:")) {
    return owner +
           ": take the documents out of its repository with the next commit; a commit that still has them is "
           "refused, and nothing is deleted";
  }
  if (owner.starts_with("tofu:")) {
    return owner +
           ": put a `removed` block with `destroy = false` in the place of each resource before its next apply; "
           "whatever it would do to them is refused";
  }
  return owner + ": take the documents out of its folder; an apply that still has them is refused";
}

// … and that of the new one.
std::string Coming(const std::string& owner) {
  if (owner.starts_with("git:")) return "";
  if (owner.starts_with("tofu:")) {
    return owner + ": an `import` block with the id WORKSPACE/NAME takes each into its state";
  }
  return owner +
         ": an apply of its whole set (--prune) deletes what its folder lacks: `podwright export` writes the "
         "documents";
}

}  // namespace

Result<v1::TransferResponse> TransferObjects(Core& core, const Caller& caller, const v1::TransferRequest& request) {
  PW_TRY(CheckRequest(core.deps.kinds, request));
  const std::set<ObjectId> asked = Asked(core, request);
  if (asked.empty()) return NotFound(request.from() + " has no objects in the workspace " + request.workspace());
  std::vector<Error> problems;
  v1::TransferResponse response;
  std::set<std::string> owners;
  Change change(core);
  for (const ObjectId& id : asked) {
    Status fits = CheckObject(core, request, id);
    if (!fits.ok()) {
      problems.push_back(std::move(fits).error());
      continue;
    }
    v1::StoredObject object = core.tables.Find(id)->object;
    if (object.owner() == request.to()) continue;
    v1::TransferredObject& one = *response.add_transferred();
    *one.mutable_object() = RefOf(id);
    one.set_from(object.owner());
    owners.insert(object.owner());
    v1::Event event =
        MakeObjectEvent(id, "object.transferred", id.Text() + " goes from " + object.owner() + " to " + request.to());
    event.set_actor(caller.actor);
    change.Tell(std::move(event));
    object.set_owner(request.to());
    change.PutObject(std::move(object));
  }
  if (!problems.empty()) {
    std::string text;
    for (const Error& problem : problems) text += problem.message() + "\n";
    return Error(problems.front().code(), text + "nothing was transferred");
  }
  for (const std::string& owner : owners) response.add_warnings(Leaving(owner));
  if (const std::string coming = Coming(request.to()); !owners.empty() && !coming.empty())
    response.add_warnings(coming);
  if (request.dry_run() || change.empty()) return response;
  PW_ASSIGN(const store::Revision revision, change.Commit());
  response.set_revision(revision);
  return response;
}

}  // namespace podwright::control
