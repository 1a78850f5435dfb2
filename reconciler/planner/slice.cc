#include "reconciler/planner/slice.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <set>

#include "kinds/canonical.h"
#include "reconciler/planner/encoding.h"

namespace podwright::planner {

namespace {

// The same bytes for the same message within one program; the canonical form is what is hashed.
std::string Encode(const google::protobuf::Message& message) {
  std::string out;
  google::protobuf::io::StringOutputStream stream(&out);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return out;
}

}  // namespace

void ActionDraft::SetPayload(const google::protobuf::Message& payload) {
  action.set_payload(Encode(payload));
  payload_digest = Sha256(kinds::CanonicalBytes(payload));
}

void ActionDraft::SetCompensation(std::string verb, std::string summary, const google::protobuf::Message& payload) {
  v1::Compensation& compensation = *action.mutable_compensation();
  compensation.set_verb(std::move(verb));
  compensation.set_summary(std::move(summary));
  compensation.set_payload(Encode(payload));
  compensation_digest = Sha256(kinds::CanonicalBytes(payload));
}

void ActionDraft::Bind(std::string name, const ObjectKey& object, std::string server, std::string path) {
  v1::FactBinding& binding = *action.add_bindings();
  binding.set_name(std::move(name));
  binding.mutable_object()->set_kind(object.kind);
  binding.mutable_object()->set_name(object.name);
  binding.set_server(std::move(server));
  binding.set_path(std::move(path));
}

namespace {

constexpr std::size_t kIdLetters = 15;

// 75 bits in the letters of base32: as long as a string can be without memory of its own.
std::string ActionId(const ObjectInput& object, const v1::Action& action) {
  Encoder encoder("podwright action 1");
  encoder.Text(object.uid).Text(object.key.kind).Text(object.key.name).Number(object.generation);
  encoder.Text(action.server()).Text(action.verb()).Text(action.subject());
  const Digest digest = encoder.Hash();
  std::string id;
  for (std::size_t bit = 0; id.size() < kIdLetters; bit += 5) {
    const unsigned two = static_cast<unsigned>(digest.bytes.at(bit / 8)) << 8U | digest.bytes.at(bit / 8 + 1);
    id += "abcdefghijklmnopqrstuvwxyz234567"[two >> (11 - bit % 8) & 31U];
  }
  return id;
}

void AddAction(Encoder& encoder, const ActionDraft& draft) {
  const v1::Action& action = draft.action;
  encoder.Text(action.server()).Number(action.executor()).Text(action.verb()).Text(action.subject());
  encoder.Text(action.summary()).Number(action.disruption()).Number(action.downtime_ms()).Number(action.deletes());
  encoder.Text(draft.payload_digest.View());
  encoder.Text(action.compensation().verb()).Text(action.compensation().summary());
  encoder.Text(draft.compensation_digest.View());
  encoder.Text(action.batch().name()).Number(action.batch().max_parallel()).Number(action.batch().healthy_ms());
  encoder.Number(action.guards_size());
  for (const v1::Guard& guard : action.guards()) encoder.Text(guard.fact()).Text(guard.expected()).Text(guard.why());
  encoder.Number(action.secrets_size());
  for (const v1::SecretUse& secret : action.secrets()) {
    encoder.Text(secret.name()).Number(secret.version()).Text(secret.key());
  }
  encoder.Number(action.bindings_size());
  for (const v1::FactBinding& binding : action.bindings()) {
    encoder.Text(binding.name()).Text(binding.object().kind()).Text(binding.object().name());
    encoder.Text(binding.server()).Text(binding.path());
  }
  encoder.Number(draft.after.size());
  for (const std::size_t place : draft.after) encoder.Number(place);
  encoder.Number(draft.after_objects.size());
  for (const ObjectKey& key : draft.after_objects) encoder.Text(key.kind).Text(key.name);
}

// Sorts what has no order of its own, so that equal wishes give equal bytes.
void Normalise(SliceDraft& draft) {
  for (ActionDraft& action : draft.actions) {
    std::sort(action.after.begin(), action.after.end());
    action.after.erase(std::unique(action.after.begin(), action.after.end()), action.after.end());
    std::sort(action.after_objects.begin(), action.after_objects.end());
    action.after_objects.erase(std::unique(action.after_objects.begin(), action.after_objects.end()),
                               action.after_objects.end());
  }
  for (std::vector<std::string>* texts : {&draft.requirements, &draft.ends_servers}) {
    std::sort(texts->begin(), texts->end());
    texts->erase(std::unique(texts->begin(), texts->end()), texts->end());
  }
}

// What a kind's planner must not do. Actions may wait only for those listed before them.
std::string Fault(const SliceDraft& draft) {
  for (std::size_t i = 0; i < draft.actions.size(); ++i) {
    const ActionDraft& action = draft.actions[i];
    if (!action.after.empty() && action.after.back() >= i) {
      return "the planner made the action " + action.action.verb() + " wait for one that is not before it";
    }
  }
  return "";
}

// The actions that must be done before `object` may be forgotten are all of its own.
void AddForget(const ObjectInput& object, SliceDraft& draft) {
  ActionDraft forget;
  forget.action.set_executor(v1::EXECUTOR_CONTROL);
  forget.action.set_verb("object.forget");
  forget.action.set_subject(object.key.Text());
  forget.action.set_summary("forget " + object.key.Text());
  forget.action.set_deletes(true);
  for (std::size_t i = 0; i < draft.actions.size(); ++i) forget.after.push_back(i);
  draft.actions.push_back(std::move(forget));
}

Result<SliceDraft> Draft(const KindPlanners& kinds, const ObjectInput& object, RecordingReader& reader) {
  const KindPlanner* kind = kinds.Find(object.key.kind);
  if (kind == nullptr) return InvalidArgument("there is no kind \"" + object.key.kind + "\"");
  if (object.lifecycle == ObjectLifecycle::kLive) return kind->PlanObject(object, reader);

  std::vector<ObjectKey> going;
  std::string holders;
  for (const Referrer& referrer : reader.Referrers(object.key)) {
    if (referrer.lifecycle == ObjectLifecycle::kTombstone) {
      going.push_back(referrer.key);
    } else {
      holders += (holders.empty() ? "" : ", ") + referrer.key.Text();
    }
  }
  if (!holders.empty()) {
    SliceDraft held;
    held.notes.push_back(object.key.Text() + " is deleted, and goes when it is no longer referred to by " + holders);
    return held;
  }
  PW_ASSIGN(SliceDraft draft, kind->PlanObject(object, reader));
  AddForget(object, draft);
  for (ActionDraft& action : draft.actions) {
    if (action.after.empty()) action.after_objects.insert(action.after_objects.end(), going.begin(), going.end());
  }
  return draft;
}

Digest SliceDigest(const PlannedSlice& slice, const SliceDraft& draft) {
  Encoder encoder("podwright slice 1");
  encoder.Text(slice.key.kind).Text(slice.key.name).Text(slice.message.desired_digest());
  encoder.Number(slice.message.reads_size());
  for (const v1::FactRead& read : slice.message.reads()) encoder.Text(read.key()).Text(read.digest());
  encoder.Number(draft.actions.size());
  for (const ActionDraft& action : draft.actions) AddAction(encoder, action);
  encoder.Number(draft.requirements.size());
  for (const std::string& requirement : draft.requirements) encoder.Text(requirement);
  encoder.Number(draft.ends_servers.size());
  for (const std::string& server : draft.ends_servers) encoder.Text(server);
  encoder.Text(slice.message.error());
  return encoder.Hash();
}

// An action need not wait for what an action before it in the slice waits for already.
void DropImplied(SliceDraft& draft) {
  std::vector<std::set<ObjectKey>> all(draft.actions.size());
  for (std::size_t i = 0; i < draft.actions.size(); ++i) {
    ActionDraft& action = draft.actions[i];
    for (const std::size_t before : action.after) all[i].insert(all[before].begin(), all[before].end());
    std::erase_if(action.after_objects, [&](const ObjectKey& key) { return !all[i].insert(key).second; });
  }
}

void TakeActions(const ObjectInput& object, SliceDraft& draft, PlannedSlice& slice) {
  const bool implied = std::any_of(draft.actions.begin(), draft.actions.end(), [](const ActionDraft& action) {
    return !action.after.empty() && !action.after_objects.empty();
  });
  if (implied) DropImplied(draft);
  std::vector<bool> waited_for(draft.actions.size());
  slice.message.mutable_actions()->Reserve(static_cast<int>(draft.actions.size()));
  for (std::uint32_t place = 0; place < draft.actions.size(); ++place) {
    ActionDraft& from = draft.actions[place];
    v1::Action& action = *slice.message.add_actions();
    action.Swap(&from.action);
    action.set_id(ActionId(object, action));
    action.mutable_object()->set_kind(object.key.kind);
    action.mutable_object()->set_name(object.key.name);
    for (const std::size_t before : from.after) {
      action.add_depends_on(slice.message.actions(static_cast<int>(before)).id());
      slice.inner.emplace_back(static_cast<std::uint32_t>(before), place);
      waited_for[before] = true;
    }
    for (ObjectKey& key : from.after_objects) slice.outer.emplace_back(place, std::move(key));
    if (from.after.empty()) slice.first.push_back(place);
  }
  for (std::uint32_t place = 0; place < waited_for.size(); ++place) {
    if (!waited_for[place]) slice.last.push_back(place);
  }
}

// Two actions of one slice with the same server, verb and subject would be one to every journal.
std::string RepeatedAction(const v1::Slice& slice) {
  if (slice.actions_size() < 2) return "";
  std::set<std::string_view> ids;
  for (const v1::Action& action : slice.actions()) {
    if (!ids.insert(action.id()).second) {
      return "the planner made " + action.verb() + " of \"" + action.subject() + "\" twice";
    }
  }
  return "";
}

void Refuse(PlannedSlice& slice, std::string error) {
  slice.message.clear_actions();
  slice.message.set_error(std::move(error));
  slice.inner.clear();
  slice.outer.clear();
  slice.first.clear();
  slice.last.clear();
  slice.ends_servers.clear();
}

}  // namespace

PlannedSlice PlanSlice(const KindPlanners& kinds, const Fact<ObjectInput>& object, const Facts& facts) {
  PlannedSlice slice;
  slice.key = object.input.key;
  slice.message.mutable_object()->set_kind(slice.key.kind);
  slice.message.mutable_object()->set_name(slice.key.name);
  slice.message.set_desired_digest(std::string(object.digest.View()));
  slice.message.set_generation(object.input.generation);

  RecordingReader reader(facts);
  Result<SliceDraft> drafted = Draft(kinds, object.input, reader);
  for (ReadRecord& record : reader.TakeReads()) {
    v1::FactRead& read = *slice.message.add_reads();
    read.set_key(std::move(record.key));
    read.set_digest(std::move(record.digest));
  }
  SliceDraft draft;
  if (drafted.ok()) {
    draft = std::move(drafted).value();
    Normalise(draft);
    slice.message.set_error(Fault(draft));
  } else {
    slice.message.set_error(drafted.error().ToString());
  }
  for (const ObjectKey& key : object.input.references) {
    if (facts.FindObject(key) != nullptr) continue;
    v1::ObjectRef& missing = *slice.message.add_missing();
    missing.set_kind(key.kind);
    missing.set_name(key.name);
  }
  const Digest digest = SliceDigest(slice, draft);
  slice.message.set_digest(std::string(digest.View()));
  for (const std::string& requirement : draft.requirements) slice.message.add_requirements(requirement);
  for (std::string& note : draft.notes) slice.message.add_notes(std::move(note));
  if (!slice.message.error().empty()) return slice;
  slice.ends_servers = std::move(draft.ends_servers);
  TakeActions(object.input, draft, slice);
  if (std::string repeated = RepeatedAction(slice.message); !repeated.empty()) Refuse(slice, std::move(repeated));
  return slice;
}

}  // namespace podwright::planner
