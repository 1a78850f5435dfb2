// A control plane for tests: keeps objects, remembers idempotency keys, loses answers as it is told, and its runs end
// as they are told to. Not for several threads.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "podwright/v1/approval.pb.h"
#include "provider/backend.h"

namespace podwright::provider::testing {

class FakeBackend final : public Backend {
 public:
  // What happens to an Apply on its way.
  enum class Fate {
    kArrives,
    kLostBefore,  // never gets there
    kLostAfter,   // is done, and its answer is lost
  };

  Result<v1::ApplyResponse> Apply(const v1::ApplyRequest& request, const Call&) override {
    ++applies;
    last = request;
    if (refuse) return *refuse;
    Fate fate = Fate::kArrives;
    if (!fates.empty() && !request.dry_run()) {
      fate = fates.front();
      fates.pop_front();
    }
    if (fate == Fate::kLostBefore) return loss;
    const v1::ApplyResponse response = Answer(request);
    if (fate == Fate::kLostAfter) return loss;
    return response;
  }
  Result<v1::ObjectView> Get(const v1::GetRequest& request, const Call&) override {
    ++gets;
    if (get_error) return *get_error;
    if (garbage) return *garbage;
    const auto found = objects.find(request.object().kind() + "/" + request.object().name());
    if (found == objects.end()) return NotFound("no such object");
    return found->second;
  }
  Result<v1::ListResponse> List(const v1::ListRequest& request, const Call&) override {
    lists.push_back(request);
    if (pages.empty()) return Unavailable("the control plane is away");
    const v1::ListResponse page = pages.front();
    if (pages.size() > 1) pages.pop_front();
    return page;
  }
  Result<v1::RevealedSecret> RevealSecret(const v1::RevealSecretRequest& request, const Call&) override {
    reveals.push_back(request);
    if (reveal_error) return *reveal_error;
    return revealed;
  }
  Result<v1::Run> AwaitRun(const std::string&, const std::string& id, const std::function<void(const v1::Run&)>&,
                           const Call&) override {
    awaited.push_back(id);
    if (await_error) return *await_error;
    return run;
  }

  v1::ObjectView& view(const std::string& key) { return objects[key]; }

  v1::ApplyRequest last;
  v1::Plan plan;
  v1::PolicyVerdict policy;
  v1::Run run;                                    // how runs end
  std::map<std::string, v1::ObjectView> objects;  // by kind/name
  std::string status;                             // of every object that is put
  std::vector<std::string> warnings;
  std::deque<Fate> fates;  // of the Applies to come that are no dry runs
  Error loss = Unavailable("the answer is lost");
  std::optional<Error> refuse;
  std::optional<Error> get_error;
  std::optional<v1::ObjectView> garbage;  // what Get answers
  std::optional<Error> await_error;
  std::vector<std::string> awaited;  // ids of runs
  std::vector<v1::ListRequest> lists;
  std::deque<v1::ListResponse> pages;  // the last one is answered again and again
  std::vector<v1::RevealSecretRequest> reveals;
  v1::RevealedSecret revealed;
  std::optional<Error> reveal_error;
  int applies = 0;
  int gets = 0;
  int puts = 0;  // that were carried out

 private:
  v1::ApplyResponse Answer(const v1::ApplyRequest& request) {
    if (const auto found = remembered_.find(request.idempotency_key());
        found != remembered_.end() && !request.dry_run()) {
      return found->second;
    }
    v1::ApplyResponse response;
    *response.mutable_plan() = plan;
    *response.mutable_policy() = policy;
    for (const std::string& warning : warnings) response.add_warnings(warning);
    for (const v1::DesiredObject& put : request.puts()) {
      const std::string key = put.kind() + "/" + put.name();
      v1::ObjectView now = objects.contains(key) ? objects[key] : v1::ObjectView();
      v1::StoredObject& object = *now.mutable_object();
      object.set_workspace(request.workspace());
      object.set_owner(request.owner());
      object.set_kind(put.kind());
      object.set_name(put.name());
      object.set_spec(put.spec());
      *object.mutable_labels() = put.labels();
      if (!status.empty()) now.set_status(status);
      if (!request.dry_run()) {
        object.set_uid("uid-of-" + put.name());
        now.set_last_run("run-1");
        objects[key] = now;
        ++puts;
      }
      *response.add_objects() = now;
    }
    if (request.dry_run()) return response;
    for (const v1::ObjectRef& ref : request.deletes()) objects.erase(ref.kind() + "/" + ref.name());
    response.set_run("run-1");
    remembered_[request.idempotency_key()] = response;
    return response;
  }

  std::map<std::string, v1::ApplyResponse> remembered_;  // by idempotency key
};

}  // namespace podwright::provider::testing
