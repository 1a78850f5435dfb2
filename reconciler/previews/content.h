// What one preview says, before it is a comment, a status, a page or plain text. Values; nothing in it is secret: names
// and versions of secrets, never values, and no payloads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "podwright/v1/control.pb.h"

namespace podwright::previews {

enum class State {
  kPlanned,    // `plan` is what a merge would do
  kFailed,     // a merge would change nothing, or is not possible: `problem`
  kOutdated,   // `plan` was right until a moment ago, and cannot be made again just now: `problem`
  kWaiting,    // there is nothing yet
  kUntrusted,  // of a fork, and nobody with the right to write has asked for it
};
const char* StateWord(State state);  // "planned"

struct Content {
  State state = State::kWaiting;
  std::string workspace;
  std::string source;
  std::int64_t number = 0;
  std::string branch;
  std::string head;
  std::string problem;               // for people, one line
  std::vector<std::string> details;  // of the problem: "prod/web.yaml:3:7: error: …"
  v1::Plan plan;
  std::vector<std::string> warnings;
  std::vector<std::string> policy;  // what limits, windows and approvals say, a line each
  bool allowed = true;              // by policy, as things are
  bool can_approve = false;         // an approval would change that
  bool not_by_author = false;       // whoever opened the pull request may not approve it
  std::string approve;              // the digest to approve, in hexadecimal
  std::string answer;               // to the last command
  std::string page;                 // URL of the whole preview; "": there is none
  bool touches_folder = true;       // the pull request changes something below the source's path
};

struct Summary {
  std::size_t actions = 0;
  std::size_t servers = 0;
  std::size_t errors = 0;  // objects that the planner refuses
  std::vector<std::string> deletions;
  v1::Disruption worst = v1::DISRUPTION_NONE;
  std::int64_t downtime_ms = 0;
};
Summary Summarize(const v1::Plan& plan);

// In the plan's order; what the order does not name comes last.
std::vector<const v1::Action*> Ordered(const v1::Plan& plan);

const char* DisruptionWord(v1::Disruption disruption);  // "data loss"
std::string DurationText(std::int64_t milliseconds);    // "4 s"
std::string ObjectText(const v1::ObjectRef& object);    // "server/web-1"
std::string WhereText(const v1::Action& action);        // "database/main on db-1"
std::string DisruptionText(const v1::Action& action);   // "restart, about 4 s"; "": none
std::string Headline(const Content& content);           // one line of plain text, not escaped
std::string DigestText(const Content& content);         // 64 digits; "": there is no plan
bool Mergeable(const Content& content);                 // a plan without errors that policy lets pass

}  // namespace podwright::previews
