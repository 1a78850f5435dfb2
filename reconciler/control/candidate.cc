#include "reconciler/control/candidate.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <unordered_set>

#include "core/random.h"
#include "kinds/canonical.h"
#include "kinds/references.h"
#include "kinds/registry.h"
#include "kinds/validate.h"
#include "reconciler/control/owner.h"

namespace podwright::control {
namespace {

constexpr std::size_t kMaxSpecBytes = 768U << 10;
constexpr std::size_t kMaxObjects = 20'000;

// Problems of one kind first come first told; the gravest decides the code.
class Problems {
 public:
  void Add(ErrorCode code, const std::string& line) {
    if (text_.empty()) code_ = code;
    text_ += (text_.empty() ? "" : "\n") + line;
  }
  Status ToStatus() const {
    if (text_.empty()) return Ok();
    return Error(code_, text_, code_ == ErrorCode::kFailedPrecondition ? Retry::kAfterChange : Retry::kNever);
  }

 private:
  ErrorCode code_ = ErrorCode::kInvalidArgument;
  std::string text_;
};

std::map<std::string, std::string> LabelsOf(const google::protobuf::Map<std::string, std::string>& labels) {
  return {labels.begin(), labels.end()};
}

bool IsProtected(const google::protobuf::Message& spec) {
  const auto* field = spec.GetDescriptor()->FindFieldByName("deletion_protection");
  return field != nullptr && !field->is_repeated() &&
         field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL &&
         spec.GetReflection()->GetBool(spec, field);
}

using Labels = google::protobuf::Map<std::string, std::string>;

bool SameLabels(const Labels& a, const Labels& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& label) {
           const auto other = b.find(label.first);
           return other != b.end() && other->second == label.second;
         });
}

// A put that changes nothing and brings nothing: as stored, to the byte.
bool IsSettled(Core& core, const SecretDoor& secrets, const v1::ApplyRequest& request, const ObjectId& id,
               const v1::DesiredObject& put) {
  const ObjectRow* row = core.tables.Find(id);
  if (row == nullptr || row->object.lifecycle() != v1::LIFECYCLE_LIVE) return false;
  const v1::StoredObject& stored = row->object;
  // A secret without a value may get one from its spec.
  if (id.kind == "secret" && secrets.CurrentVersion(id) == 0) return false;
  return stored.owner() == request.owner() && stored.schema_revision() == put.schema_revision() &&
         stored.spec() == put.spec() && SameLabels(stored.labels(), put.labels());
}

bool MaySettle(const v1::ApplyRequest& request) {
  return request.scope() == v1::APPLY_SCOPE_WHOLE_OWNER && request.targets().empty();
}

class Maker {
 public:
  Maker(Core& core, SecretDoor& secrets, const v1::ApplyRequest& request, const PutPlaces& unchecked)
      : core_(core), secrets_(secrets), request_(request), unchecked_(unchecked) {
    for (const v1::ObjectRef& ref : request.targets()) targets_.insert(IdOf(request.workspace(), ref));
  }

  Result<Candidate> Make() {
    const bool may_settle = MaySettle(request_);
    for (int place = 0; place < request_.puts_size(); ++place) {
      const v1::DesiredObject& desired = request_.puts(place);
      const ObjectId id{request_.workspace(), desired.kind(), desired.name()};
      if (!IsTarget(id)) continue;
      if (may_settle && IsSettled(core_, secrets_, request_, id, desired)) {
        CheckExpected(id);
        out_.settled.insert(out_.settled.end(), id);  // they mostly come in order
        continue;
      }
      // It was settled, and somebody changed it meanwhile.
      if (static_cast<std::size_t>(place) < unchecked_.size() && unchecked_[static_cast<std::size_t>(place)]) {
        PW_TRY(kinds::ValidateObject(core_.deps.kinds, desired).ToStatus());
      }
      PW_TRY(Put(id, desired));
    }
    for (const v1::ObjectRef& ref : request_.deletes()) {
      const ObjectId id = IdOf(request_.workspace(), ref);
      if (IsTarget(id)) Delete(id);
    }
    if (request_.scope() == v1::APPLY_SCOPE_WHOLE_OWNER) Prune();
    CheckReferences();
    NameReferrers();
    PW_TRY(problems_.ToStatus());
    return std::move(out_);
  }

 private:
  bool IsTarget(const ObjectId& id) const { return targets_.empty() || targets_.contains(id); }

  void CheckOwner(const ObjectId& id, const v1::StoredObject& stored) {
    if (stored.owner() == request_.owner()) return;
    problems_.Add(ErrorCode::kConflict, id.Text() + " belongs to " + stored.owner() + ", not to " + request_.owner() +
                                            "; an object has one owner: `podwright transfer " + id.Text() + " --to " +
                                            request_.owner() + "` gives it to this one");
  }

  void CheckExpected(const ObjectId& id) {
    if (request_.expected_revisions().empty()) return;
    const auto expected = request_.expected_revisions().find(id.Text());
    if (expected == request_.expected_revisions().end()) return;
    const ObjectRow* row = core_.tables.Find(id);
    const bool live = row != nullptr && row->object.lifecycle() == v1::LIFECYCLE_LIVE;
    const std::int64_t revision = live ? row->revision : 0;
    if (revision == expected->second) return;
    if (expected->second == 0) {
      problems_.Add(ErrorCode::kConflict, id.Text() + " exists already, at revision " + std::to_string(revision));
    } else {
      problems_.Add(ErrorCode::kConflict, id.Text() + " was changed by somebody else: expected revision " +
                                              std::to_string(expected->second) + ", it has " +
                                              std::to_string(revision));
    }
  }

  Status Put(const ObjectId& id, const v1::DesiredObject& desired) {
    const kinds::Kind* kind = core_.deps.kinds.Find(id.kind);
    const ObjectRow* row = core_.tables.Find(id);
    CandidatePut put;
    std::string spec = desired.spec();
    const std::string before_spec = row == nullptr ? "" : row->object.spec();
    PW_ASSIGN(put.value, secrets_.TakeValue(id, row == nullptr ? nullptr : &before_spec, &spec));
    PW_ASSIGN(const auto after, kinds::DecodeSpec(*kind, spec));
    if (row == nullptr) {
      put.kind = PutKind::kCreate;
      put.object.set_workspace(id.workspace);
      put.object.set_kind(id.kind);
      put.object.set_name(id.name);
      put.object.set_uid(core_.deps.random.Id(20));
      put.object.set_owner(request_.owner());
      put.object.set_created_unix_ms(core_.NowMillis());
      put.object.set_defaults_revision(kind->defaults_revision());
    } else {
      put.object = row->object;
      CheckOwner(id, row->object);
      PW_ASSIGN(const auto before, kinds::DecodeSpec(*kind, before_spec));
      const kinds::Diagnostics change = kinds::ValidateChange(*kind, *before, *after);
      if (change.has_errors()) problems_.Add(ErrorCode::kInvalidArgument, id.Text() + ": " + change.ToString());
      const bool tombstone = row->object.lifecycle() == v1::LIFECYCLE_TOMBSTONE;
      const bool same = kinds::CanonicalBytes(*before) == kinds::CanonicalBytes(*after) &&
                        LabelsOf(row->object.labels()) == LabelsOf(desired.labels()) &&
                        row->object.owner() == request_.owner();
      put.kind = tombstone ? PutKind::kResume : same ? PutKind::kUnchanged : PutKind::kUpdate;
    }
    CheckExpected(id);
    if (put.kind != PutKind::kUnchanged) {
      put.object.set_generation(put.object.generation() + 1);
      put.object.set_owner(request_.owner());
      *put.object.mutable_labels() = desired.labels();
      put.object.set_spec(std::move(spec));
      put.object.set_schema_revision(kind->schema_revision());
      put.object.set_updated_unix_ms(core_.NowMillis());
      put.object.set_lifecycle(v1::LIFECYCLE_LIVE);
      put.object.clear_tombstone_unix_ms();
      put.object.clear_hold_until_unix_ms();
      if (put.kind == PutKind::kResume) {
        out_.warnings.push_back(id.Text() + " was deleted and is not gone yet: it is taken up again as it is");
      }
    }
    for (const kinds::Reference& reference : kinds::References(*kind, *after)) {
      references_[id].insert({id.workspace, reference.kind, reference.name});
    }
    out_.puts[id] = std::move(put);
    return Ok();
  }

  void Delete(const ObjectId& id) {
    const ObjectRow* row = core_.tables.Find(id);
    CheckExpected(id);
    if (row == nullptr || row->object.lifecycle() == v1::LIFECYCLE_TOMBSTONE) return;
    CheckOwner(id, row->object);
    const kinds::Kind* kind = core_.deps.kinds.Find(id.kind);
    if (kind != nullptr) {
      const auto spec = kinds::DecodeSpec(*kind, row->object.spec());
      if (spec.ok() && IsProtected(**spec)) {
        problems_.Add(
            ErrorCode::kFailedPrecondition,
            id.Text() + " is protected from deletion: unset `deletion_protection` in an apply of its own first");
        return;
      }
    }
    v1::StoredObject tombstone = row->object;
    tombstone.set_lifecycle(v1::LIFECYCLE_TOMBSTONE);
    tombstone.set_generation(tombstone.generation() + 1);
    tombstone.set_tombstone_unix_ms(core_.NowMillis());
    tombstone.set_updated_unix_ms(core_.NowMillis());
    const bool was_ready = core_.tables.StateOf(id).was_ready();
    if (!was_ready || request_.hold_deletes()) {
      tombstone.set_hold_until_unix_ms(core_.NowMillis() + core_.options.tombstone_hold.count());
      out_.warnings.push_back(id.Text() + (was_ready ? " is to be made again" : " was never ready") +
                              ": what exists of it is kept until " +
                              FormatRfc3339(FromUnixMillis(tombstone.hold_until_unix_ms())) +
                              ", so that creating it again goes on with it");
    }
    out_.tombstones[id] = std::move(tombstone);
  }

  void Prune() {
    const auto& objects = core_.tables.objects;
    auto settled = out_.settled.begin();  // in the same order
    for (auto at = objects.lower_bound({request_.workspace(), "", ""}); at != objects.end(); ++at) {
      const auto& [id, row] = *at;
      if (id.workspace != request_.workspace()) break;
      while (settled != out_.settled.end() && *settled < id) ++settled;
      if (settled != out_.settled.end() && *settled == id) continue;
      if (row.object.owner() != request_.owner() || row.object.lifecycle() != v1::LIFECYCLE_LIVE) continue;
      if (!IsTarget(id) || out_.puts.contains(id) || out_.tombstones.contains(id)) continue;
      Delete(id);
    }
  }

  bool IsThere(const ObjectId& id) const {
    if (out_.puts.contains(id)) return true;
    if (out_.tombstones.contains(id)) return false;
    const ObjectRow* row = core_.tables.Find(id);
    return row != nullptr && row->object.lifecycle() == v1::LIFECYCLE_LIVE;
  }

  // `podwright secret set` brings the value later: whoever delivers it waits for that.
  bool HasValue(const ObjectId& secret) const {
    const auto put = out_.puts.find(secret);
    return (put != out_.puts.end() && put->second.value) || secrets_.CurrentVersion(secret) > 0;
  }

  void Dangles(const ObjectId& id, const ObjectId& reference) {
    if (request_.allow_dangling()) return;
    const bool going = core_.tables.Find(reference) != nullptr;
    problems_.Add(ErrorCode::kInvalidArgument, id.Text() + " refers to " + reference.Text() +
                                                   (going ? ", which is being deleted" : ", which does not exist"));
  }

  // What is settled refers to what it referred to; that may be what goes here.
  void CheckSettled() {
    if (request_.allow_dangling()) return;
    const planner::FactBase& base = core_.facts.Base(request_.workspace());
    for (const ObjectId& id : out_.settled) {
      const auto* object = base.FindObject({id.kind, id.name});
      if (object == nullptr) continue;
      for (const planner::ObjectKey& key : object->input.references) {
        const ObjectId reference{id.workspace, key.kind, key.name};
        if (!IsThere(reference)) Dangles(id, reference);
      }
    }
  }

  void CheckReferences() {
    CheckSettled();
    for (auto& [id, put] : out_.puts) {
      for (const ObjectId& reference : references_[id]) {
        if (IsThere(reference)) {
          if (reference.kind == "secret" && !HasValue(reference)) put.awaited.push_back(reference.Text());
          continue;
        }
        put.awaited.push_back(reference.Text());
        Dangles(id, reference);
      }
    }
  }

  // Who still holds what is deleted here.
  void NameReferrers() {
    for (const auto& [id, tombstone] : out_.tombstones) {
      std::string names;
      for (const planner::Referrer& referrer : core_.facts.Base(id.workspace).ReferrersOf({id.kind, id.name})) {
        const ObjectId other{id.workspace, referrer.key.kind, referrer.key.name};
        if (out_.tombstones.contains(other) || referrer.lifecycle == planner::ObjectLifecycle::kTombstone) continue;
        const auto put = references_.find(other);
        if (put != references_.end() && !put->second.contains(id)) continue;
        names += (names.empty() ? "" : ", ") + other.Text();
      }
      if (names.empty()) continue;
      out_.warnings.push_back(id.Text() + " is still used by " + names +
                              ": it is marked as deleted and goes when the last of them lets go");
    }
  }

  Core& core_;
  SecretDoor& secrets_;
  const v1::ApplyRequest& request_;
  const PutPlaces& unchecked_;
  std::set<ObjectId> targets_;
  std::map<ObjectId, std::set<ObjectId>> references_;
  Problems problems_;
  Candidate out_;
};

}  // namespace

std::set<ObjectId> Candidate::Put() const {
  std::set<ObjectId> out = settled;
  for (const auto& [id, put] : puts) out.insert(id);
  return out;
}

std::set<ObjectId> Candidate::Named() const {
  std::set<ObjectId> out;
  for (const auto& [id, put] : puts) out.insert(id);
  for (const auto& [id, tombstone] : tombstones) out.insert(id);
  return out;
}

std::set<ObjectId> Candidate::Changed() const {
  std::set<ObjectId> out;
  for (const auto& [id, put] : puts) {
    if (put.kind != PutKind::kUnchanged) out.insert(id);
  }
  for (const auto& [id, tombstone] : tombstones) out.insert(id);
  return out;
}

PutPlaces SettledPuts(Core& core, const SecretDoor& secrets, const v1::ApplyRequest& request) {
  PutPlaces out;
  if (!MaySettle(request)) return out;
  out.resize(static_cast<std::size_t>(request.puts_size()));
  const std::string workspace = request.workspace().empty() ? "default" : request.workspace();
  for (std::size_t place = 0; place < out.size(); ++place) {
    const v1::DesiredObject& put = request.puts(static_cast<int>(place));
    out[place] = IsSettled(core, secrets, request, {workspace, put.kind(), put.name()}, put);
  }
  return out;
}

Status CheckRequest(const kinds::Registry& registry, v1::ApplyRequest* request, const PutPlaces& settled) {
  if (request->workspace().empty()) request->set_workspace("default");
  Problems problems;
  const auto wrong = [&](const std::string& line) { problems.Add(ErrorCode::kInvalidArgument, line); };
  if (!kinds::IsValidName(request->workspace()))
    wrong("\"" + request->workspace().substr(0, 100) + "\" is no name of a workspace");
  if (!IsOwner(request->owner())) wrong("the owner has to be like " + std::string(kOwnerForms));
  if (request->idempotency_key().size() > 1024) wrong("the idempotency key is longer than 1 KiB");
  if (!request->plan_digest().empty() && request->plan_digest().size() != 32)
    wrong("the plan digest has to have 32 bytes");
  if (static_cast<std::size_t>(request->puts_size()) + static_cast<std::size_t>(request->deletes_size()) >
      kMaxObjects) {
    wrong("more than " + std::to_string(kMaxObjects) + " objects in one request");
  }
  std::unordered_set<std::string> named;
  for (std::size_t place = 0; place < static_cast<std::size_t>(request->puts_size()); ++place) {
    const v1::DesiredObject& put = request->puts(static_cast<int>(place));
    const std::string name = put.kind() + "/" + put.name();
    if (place >= settled.size() || !settled[place]) {
      const kinds::Diagnostics found = kinds::ValidateObject(registry, put);
      if (found.has_errors()) wrong(name.substr(0, 200) + ": " + found.ToString());
    }
    if (put.spec().size() > kMaxSpecBytes) wrong(name.substr(0, 200) + ": larger than 768 KiB");
    if (!named.insert(name).second) wrong(name.substr(0, 200) + " is given twice");
  }
  for (const v1::ObjectRef& ref : request->deletes()) {
    const std::string name = ref.kind() + "/" + ref.name();
    if (registry.Find(ref.kind()) == nullptr) wrong("there is no kind \"" + ref.kind().substr(0, 100) + "\"");
    if (!kinds::IsValidName(ref.name())) wrong("\"" + ref.name().substr(0, 100) + "\" is no name");
    if (!named.insert(name).second) wrong(name.substr(0, 200) + " is given twice");
  }
  return problems.ToStatus();
}

Result<Candidate> MakeCandidate(Core& core, SecretDoor& secrets, const v1::ApplyRequest& request,
                                const PutPlaces& unchecked) {
  return Maker(core, secrets, request, unchecked).Make();
}

}  // namespace podwright::control
