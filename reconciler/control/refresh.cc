#include "reconciler/control/refresh.h"

namespace podwright::control {

Status Refresh(Engine& engine, const ObjectId& id) {
  std::vector<Question> questions;
  std::int64_t generation = 0;
  PW_TRY(engine.WithState([&]() -> Status {
    const ObjectRow* row = engine.core.tables.Find(id);
    if (row == nullptr) return Ok();
    generation = row->object.generation();
    for (const std::string& name : engine.core.facts.ServersOf(id)) {
      const ServerId server{id.workspace, name};
      if (engine.core.Connected(server)) questions.push_back({server, id, row->object.spec(), row->object.uid()});
    }
    return Ok();
  }));
  if (questions.empty()) return Ok();
  const std::vector<Answer> answers =
      engine.desk.Ask(questions, engine.core.Steady() + engine.core.options.observe_timeout);
  return engine.WithState([&]() -> Status {
    const ObjectRow* row = engine.core.tables.Find(id);
    // Asked about another spec than the one that is there now.
    if (row == nullptr || row->object.generation() != generation) return Ok();
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i].answered) continue;
      PW_TRY(engine.core.facts.PutObserved(questions[i].server, answers[i].facts, engine.core.Steady(), true));
    }
    engine.core.Wake(ReconcileWork(id.workspace));
    return Ok();
  });
}

}  // namespace podwright::control
