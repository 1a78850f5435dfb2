#include "reconciler/control/observation_desk.h"

namespace podwright::control {

std::vector<Answer> ObservationDesk::Ask(const std::vector<Question>& questions, SteadyTime deadline) {
  std::vector<std::uint64_t> ids;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Question& question : questions) {
      ids.push_back(NextId());
      waiting_[ids.back()].server = question.server;
    }
  }
  // Sent without the lock: an answer may come before Send returns.
  for (std::size_t i = 0; i < questions.size(); ++i) {
    v1::ControlMessage message;
    v1::ObserveRequest* request = message.mutable_observe();
    request->set_id(ids[i]);
    request->mutable_object()->set_kind(questions[i].object.kind);
    request->mutable_object()->set_name(questions[i].object.name);
    request->set_spec(questions[i].spec);
    request->set_object_uid(questions[i].uid);
    const Status sent = link_.Send(questions[i].server.workspace, questions[i].server.server, message);
    if (sent.ok()) continue;
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_[ids[i]].settled = true;
    waiting_[ids[i]].answer.error = sent.error().message();
  }
  std::unique_lock<std::mutex> lock(mutex_);
  // What is settled stays so: every question is looked at once, however many answers wake this thread.
  std::size_t first_open = 0;
  const auto all_settled = [&] {
    while (first_open < ids.size() && waiting_[ids[first_open]].settled) ++first_open;
    return first_open == ids.size();
  };
  while (!stopped_ && !all_settled() && clock_.Steady() < deadline) clock_.WaitUntil(lock, changed_, deadline);
  std::vector<Answer> answers;
  for (const std::uint64_t id : ids) {
    Waiting& waiting = waiting_[id];
    if (!waiting.settled) waiting.answer.error = "no answer in time";
    answers.push_back(std::move(waiting.answer));
    waiting_.erase(id);
  }
  return answers;
}

bool ObservationDesk::Deliver(const ServerId& server, const v1::ObserveReply& reply) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = waiting_.find(reply.id());
  if (it == waiting_.end() || it->second.server != server) return false;
  it->second.settled = true;
  it->second.answer.error = reply.error();
  it->second.answer.answered = reply.error().empty();
  it->second.answer.facts = reply.facts();
  changed_.notify_all();
  return true;
}

void ObservationDesk::AgentGone(const ServerId& server) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto& [id, waiting] : waiting_) {
    if (waiting.server != server || waiting.settled) continue;
    waiting.settled = true;
    waiting.answer.error = "the agent went away";
  }
  changed_.notify_all();
}

void ObservationDesk::Stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace podwright::control
