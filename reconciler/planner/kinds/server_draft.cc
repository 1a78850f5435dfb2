#include "reconciler/planner/kinds/server_draft.h"

namespace podwright::planner {

namespace {

// The release in which an agent learned a verb.
constexpr std::string_view kFirstRelease = "0.1.0";

const v1::kinds::ServerObserved& NothingObserved() {
  return v1::kinds::ServerObserved::default_instance();
}

}  // namespace

ServerDraft::ServerDraft(const ObjectInput& object, RecordingReader& reader)
    : object_(object),
      spec_(static_cast<const v1::kinds::ServerSpec&>(*object.spec)),
      reader_(reader),
      observed_(&NothingObserved()),
      agent_(reader.Agent(object.key.name)),
      sight_(Sight::kUnseen) {
  if (const ObservedInput* observed = reader.Observed(object.key, object.key.name)) {
    observed_ = static_cast<const v1::kinds::ServerObserved*>(observed->observed.get());
    sight_ = Sight::kObserved;
  } else if (spec_.has_cloud()) {
    sight_ = Sight::kNewMachine;
  }
}

void ServerDraft::OnNewMachine(Places after) {
  observed_ = &NothingObserved();
  agent_ = nullptr;
  sight_ = Sight::kNewMachine;
  base_ = std::move(after);
}

ActionDraft ServerDraft::Agent(std::string verb, std::string subject, std::string summary) const {
  ActionDraft draft;
  draft.action.set_server(name());
  draft.action.set_executor(v1::EXECUTOR_AGENT);
  draft.action.set_verb(std::move(verb));
  draft.action.set_subject(std::move(subject));
  draft.action.set_summary(std::move(summary));
  return draft;
}

Place ServerDraft::Add(ActionDraft action, Places after) {
  action.after = after.empty() ? base_ : std::move(after);
  draft_.actions.push_back(std::move(action));
  return draft_.actions.size() - 1;
}

void ServerDraft::GuardFile(const std::string& path, ActionDraft& action) const {
  if (sight_ == Sight::kNewMachine) return;
  v1::Guard& guard = *action.action.add_guards();
  guard.set_fact("file.sha256:" + path);
  const auto it = observed_->files().find(path);
  if (it != observed_->files().end()) guard.set_expected(it->second.sha256());
  guard.set_why(guard.expected().empty() ? "the plan saw no such file" : "the plan saw another content");
}

Status ServerDraft::CheckVerbs() const {
  if (agent_ == nullptr) return Ok();
  for (const ActionDraft& draft : draft_.actions) {
    if (draft.action.executor() != v1::EXECUTOR_AGENT || agent_->verbs.contains(draft.action.verb())) continue;
    return FailedPrecondition("the agent on " + name() + " does not know " + draft.action.verb() +
                              ": it needs podwright-agent " + std::string(kFirstRelease) + " or newer");
  }
  return Ok();
}

std::string Listed(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " and " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace podwright::planner
