// A family is one sort of items of a server (its files, its packages, …): how they are observed, what
// differs, what its verbs do. server_driver.h puts the families together.
//
// Threading: one thread at a time. Ownership: the environment outlives the family.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "agent/drivers/driver.h"
#include "agent/drivers/object_state.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::drivers::server {

using v1::kinds::ServerObserved;
using v1::kinds::ServerSpec;

// One item that differs from the confirmed spec.
struct Drift {
  std::string name;        // within the family: a path, a package
  std::string text;        // for people
  bool repairable = true;  // false: only an action may put it right
};

class Family {
 public:
  explicit Family(Environment& environment) : env_(environment) {}
  virtual ~Family() = default;

  // The first part of its items' names: "file".
  virtual std::string Name() const = 0;
  virtual std::vector<std::string> Verbs() const = 0;
  virtual Status Observe(const ServerSpec& spec, const v1::ObjectState& state, ServerObserved& observed) = 0;
  virtual std::vector<Drift> Compare(const ServerSpec& confirmed, const v1::ObjectState& state,
                                     const ServerObserved& observed) = 0;
  virtual void Watch(const ServerSpec& spec, Watches& watches) const = 0;
  // `what` after the colon of a guard's fact; not-found where the family does not know `fact`.
  virtual Result<std::string> Fact(const std::string& fact, const std::string& what, const v1::ObjectState& state) = 0;
  virtual Result<Proof> Prove(const v1::Action& action, const v1::ObjectState& state) = 0;
  virtual Result<Done> Execute(const ActionContext& context, const ServerSpec& wanted, v1::ObjectState& state) = 0;
  // Puts the item of a successful action into the confirmed spec, or takes it out.
  virtual void Confirm(const v1::Dispatch& dispatch, const ServerSpec& wanted, ServerSpec& confirmed) const = 0;
  virtual Status Repair(const Drift& drift, const ServerSpec& confirmed, v1::ObjectState& state) = 0;
  // Removes an item that Podwright brought; the state forgets it.
  virtual Status TakeAway(const std::string& name, v1::ObjectState& state) = 0;

 protected:
  Environment& env_;
};

// ---- what families share ----

// The value that was noted before acting; "" where nothing was.
std::string Noted(const ActionContext& context, const std::string& key);

template <typename MapField>
std::vector<std::string> KeysOf(const MapField& map) {
  std::vector<std::string> keys;
  keys.reserve(static_cast<std::size_t>(map.size()));
  for (const auto& entry : map) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

// Copies the item from `wanted`, or erases it where it is not wanted. A compensation puts back only
// what was confirmed before.
template <typename MapField, typename Value>
void ConfirmItem(const std::string& key, const MapField& wanted, bool compensation, const Value* payload,
                 MapField& confirmed) {
  if (compensation) {
    if (confirmed.find(key) == confirmed.end()) return;
    if (payload != nullptr) {
      confirmed[key] = *payload;
    } else {
      confirmed.erase(key);
    }
    return;
  }
  const auto found = wanted.find(key);
  if (found == wanted.end()) {
    confirmed.erase(key);
  } else {
    confirmed[key] = found->second;
  }
}

// Mode, owner and group of a file or a secret file, with the defaults of the kind.
template <typename FileMessage>
Result<host::FileAttributes> AttributesOf(const FileMessage& file, const char* default_mode) {
  host::FileAttributes attributes;
  const auto mode = host::ParseMode(file.has_mode() ? file.mode() : std::string(default_mode));
  if (!mode) return InvalidArgument("\"" + file.mode() + "\" is not a file mode");
  attributes.mode = *mode;
  if (file.has_owner()) attributes.owner = file.owner();
  if (file.has_group()) attributes.group = file.group();
  return attributes;
}

bool SameAttributes(const host::FileStat& stat, const host::FileAttributes& wanted);
// Makes the folders above `path`; the state remembers those that were made.
Status MakeFoldersFor(Environment& env, const std::string& path, v1::ObjectState& state);
// Removes made folders above `path` that are empty now.
Status DropFoldersOf(Environment& env, const std::string& path, v1::ObjectState& state);
// Reloads those of `units` that run; used after a repair.
Status ReloadRunning(Environment& env, const std::vector<std::string>& units);

// A file was written: those of the units that run owe a reload or a restart until they have done it.
Status NoteOwed(Environment& env, const std::vector<std::string>& reloads, const std::vector<std::string>& restarts,
                v1::ObjectState& state);

std::unique_ptr<Family> MakeAptSources(Environment& env);
std::unique_ptr<Family> MakePackages(Environment& env);
std::unique_ptr<Family> MakeFiles(Environment& env);
std::unique_ptr<Family> MakeUnits(Environment& env);
std::unique_ptr<Family> MakeUsers(Environment& env);
std::unique_ptr<Family> MakeSysctl(Environment& env);
std::unique_ptr<Family> MakeFirewall(Environment& env);
std::unique_ptr<Family> MakeSecrets(Environment& env);

}  // namespace podwright::drivers::server
