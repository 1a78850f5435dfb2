#include "reconciler/planner/inputs.h"

#include <google/protobuf/message.h>

#include <algorithm>

#include "kinds/canonical.h"
#include "kinds/defaults.h"
#include "kinds/references.h"
#include "kinds/registry.h"

namespace podwright::planner {

namespace {

Result<const kinds::Kind*> FindKind(const kinds::Registry& registry, const std::string& name) {
  const kinds::Kind* kind = registry.Find(name);
  if (kind == nullptr) return InvalidArgument("there is no kind \"" + name + "\"");
  return kind;
}

}  // namespace

Result<ObjectInput> MakeObjectInput(const kinds::Registry& registry, const v1::StoredObject& object) {
  PW_ASSIGN(const kinds::Kind* kind, FindKind(registry, object.kind()));
  std::shared_ptr<google::protobuf::Message> spec = kind->NewSpec();
  if (!spec->ParseFromString(object.spec())) {
    return InvalidArgument("the spec of " + object.kind() + "/" + object.name() + " is no message of its kind");
  }
  std::shared_ptr<google::protobuf::Message> declared = kind->NewSpec();
  declared->CopyFrom(*spec);
  kinds::FillDefaults(*kind, spec.get(), object.defaults_revision());
  ObjectInput input;
  input.key = {object.kind(), object.name()};
  input.uid = object.uid();
  input.generation = object.generation();
  input.labels.insert(object.labels().begin(), object.labels().end());
  input.lifecycle =
      object.lifecycle() == v1::LIFECYCLE_TOMBSTONE ? ObjectLifecycle::kTombstone : ObjectLifecycle::kLive;
  input.defaults_revision = object.defaults_revision();
  kinds::CanonicalOptions options;
  options.without_write_only = true;
  input.spec_digest = Sha256(kinds::CanonicalBytes(*spec, options));
  for (const kinds::Reference& reference : kinds::References(*kind, *spec)) {
    input.references.push_back({reference.kind, reference.name});
  }
  std::sort(input.references.begin(), input.references.end());
  input.references.erase(std::unique(input.references.begin(), input.references.end()), input.references.end());
  input.spec = std::move(spec);
  input.declared = std::move(declared);
  return input;
}

Result<ObservedInput> MakeObservedInput(const kinds::Registry& registry, const std::string& server,
                                        const v1::ObservedFacts& facts) {
  PW_ASSIGN(const kinds::Kind* kind, FindKind(registry, facts.object().kind()));
  std::shared_ptr<google::protobuf::Message> observed = kind->NewObserved();
  if (!observed->ParseFromString(facts.observed())) {
    return InvalidArgument("what " + server + " observed of " + facts.object().kind() + "/" + facts.object().name() +
                           " is no message of its kind");
  }
  ObservedInput input;
  input.object = {facts.object().kind(), facts.object().name()};
  input.server = server;
  kinds::CanonicalOptions options;
  options.without_volatile = true;
  input.observed_digest = Sha256(kinds::CanonicalBytes(*observed, options));
  input.confirmed_generation = facts.confirmed_generation();
  input.drifted = facts.drifted();
  input.observed = std::move(observed);
  return input;
}

}  // namespace podwright::planner
