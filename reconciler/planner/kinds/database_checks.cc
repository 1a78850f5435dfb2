#include "reconciler/planner/kinds/database_checks.h"

#include <algorithm>
#include <charconv>

#include "kinds/database/database_form.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/taken_ports.h"

namespace podwright::planner {
namespace {

using v1::kinds::DatabaseSpec;

constexpr const char* kVerb = "database.instance.create";

Status CheckServer(const DatabaseSpec& spec, const std::string& name, RecordingReader& reader) {
  if (reader.Object({"server", name}) == nullptr) return FailedPrecondition("server/" + name + " does not exist");
  if (spec.has_apt_source()) {
    const auto& server = static_cast<const v1::kinds::ServerSpec&>(*reader.Object({"server", name})->spec);
    if (!server.apt_sources().contains(spec.apt_source())) {
      return FailedPrecondition("server/" + name + " declares no apt source " + spec.apt_source() +
                                ": add it to the `apt_sources` of the server, or leave `apt_source` out");
    }
  }
  const AgentInput* agent = reader.Agent(name);
  if (agent == nullptr || agent->verbs.contains(kVerb)) return Ok();
  return FailedPrecondition("the agent on " + name + " does not know " + kVerb + ": it needs a newer podwright-agent");
}

Status CheckTogether(const ObjectInput& object, const std::string& server, RecordingReader& reader) {
  const auto& spec = static_cast<const DatabaseSpec&>(*object.spec);
  for (const Referrer& referrer : reader.Referrers({"server", server})) {
    if (referrer.key.kind != object.key.kind || referrer.key.name == object.key.name) continue;
    if (referrer.lifecycle != ObjectLifecycle::kLive) continue;
    const ObjectInput* other = reader.Object(referrer.key);
    if (other == nullptr) continue;
    const auto& theirs = static_cast<const DatabaseSpec&>(*other->spec);
    if (std::find(theirs.members().begin(), theirs.members().end(), server) == theirs.members().end()) continue;
    const std::string both = object.key.Text() + " and " + other->key.Text() + " are both on server/" + server;
    if (kinds::DatabasePort(spec) == kinds::DatabasePort(theirs)) {
      return FailedPrecondition(both + ", and both have the port " + std::to_string(kinds::DatabasePort(spec)) +
                                ": give one of them another `port`");
    }
    if (spec.engine() == theirs.engine() &&
        kinds::DatabaseInstance(object.key.name, spec) == kinds::DatabaseInstance(other->key.name, theirs)) {
      return FailedPrecondition(both + ", and both are the instance " + kinds::DatabaseInstance(object.key.name, spec) +
                                ": give one of them another");
    }
  }
  return Ok();
}

// "15" of "15.8", "10.11" of "10.11.6".
bool IsOfMajor(const std::string& version, const std::string& major) {
  return version == major || version.starts_with(major + ".");
}

double Number(const std::string& text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Status CheckFound(const ObjectInput& object, const std::string& name, const DatabaseMember& member) {
  const auto& spec = static_cast<const DatabaseSpec&>(*object.spec);
  const std::string instance = kinds::DatabaseInstance(object.key.name, spec);
  if (member.is->has_version() && !IsOfMajor(member.is->version(), spec.version())) {
    const bool down = Number(spec.version()) < Number(member.is->version());
    return FailedPrecondition(
        "the instance " + instance + " on " + name + " has the version " + member.is->version() + ", and " +
        spec.version() + " is declared: " +
        (down ? "no version reads what a newer one has written"
              : "a newer major version is a database of its own, to which the data is moved with the program's tools"));
  }
  if (member.is->state() == "foreign" && spec.adopt() != "existing") {
    return FailedPrecondition("server/" + name + " has an instance " + instance +
                              " that Podwright did not make: `adopt: existing` takes it over, another `instance` "
                              "stands beside it");
  }
  if (member.Has() && member.is->owner() != object.key.name) {
    return FailedPrecondition("the instance " + instance + " on " + name + " belongs to database/" +
                              member.is->owner() + ": choose another `instance`");
  }
  return Ok();
}

Status CheckAdopted(const ObjectInput& object, const DatabaseMembers& members) {
  const auto& spec = static_cast<const DatabaseSpec&>(*object.spec);
  if (spec.adopt() != "existing" || members.exists) return Ok();
  bool all_seen = true;
  for (const auto& entry : members.all) {
    if (entry.second.is->state() == "foreign") return Ok();
    all_seen = all_seen && entry.second.seen;
  }
  if (!all_seen) return Ok();
  // Of MariaDB there is one that can be taken over, and it has no name.
  const std::string name = spec.instance().empty() ? "" : " " + spec.instance();
  return FailedPrecondition("there is no instance" + name + " of " + spec.engine() + " " + spec.version() +
                            " on the members that could be taken over, and an adopted one is never initialised");
}

std::int64_t DatabasePort(const ObjectInput& object) {
  return kinds::DatabasePort(static_cast<const DatabaseSpec&>(*object.spec));
}

}  // namespace

Status CheckDatabase(const ObjectInput& object, const DatabaseMembers& members, RecordingReader& reader) {
  for (const auto& [name, member] : members.all) {
    PW_TRY(CheckServer(static_cast<const DatabaseSpec&>(*object.spec), name, reader));
    PW_TRY(CheckTogether(object, name, reader));
    PW_TRY(CheckTakenPorts(object, name, {{DatabasePort(object), object.key.Text()}}, reader));
    PW_TRY(CheckFound(object, name, member));
  }
  return CheckAdopted(object, members);
}

}  // namespace podwright::planner
