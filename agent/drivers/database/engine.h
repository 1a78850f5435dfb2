// What differs between the engines of the kind database, as a seam: the driver knows actions, what is kept and what is
// drift; an engine knows one program. PostgreSQL stands in postgresql/.
//
// Every operation may be called again after it broke off at any point: it finds what is done and goes on. An operation
// never initialises over data that is whole, never wipes what has no mark of an unfinished beginning, and never starts
// an instance as a primary where another member is known as one.
//
// Names and addresses are checked by the driver before they come here (database/checks.h); passwords come as
// SecretStrings and leave through a program's standard input or a 0600 file only.
//
// Threading: one thread at a time, but for `Identify` and `IdentifyOften`, which are called beside everything else.
// Errors: the program's own words, and where it stands.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/drivers/driver.h"
#include "core/crypto/secret.h"
#include "core/result.h"
#include "podwright/v1/kinds/database.pb.h"

namespace podwright::drivers::database {

using crypto::SecretString;
using v1::kinds::DatabaseConfiguration;
using v1::kinds::DatabaseKept;
using v1::kinds::DatabaseObserved;
using v1::kinds::DatabaseSpec;
using Log = std::vector<std::string>;  // for people

// One instance on this server.
struct Instance {
  std::string object;  // the database's name
  std::string version;
  std::string name;
  std::int64_t port = 0;
};

// What is asked for when it is looked at.
struct Question {
  Instance instance;
  const DatabaseSpec& spec;  // databases and parameters of interest
  const DatabaseKept& kept;  // of before; its parameters too
};

enum class Role { kUnknown, kPrimary, kReplica };

// The quick part of an observation.
struct Identity {
  bool exists = false;
  bool running = false;  // and answers
  Role role = Role::kUnknown;
  std::int64_t timeline = 0;
  bool fenced = false;
  bool Is(Role wanted) const { return running && role == wanted; }
};

// What a member is told to be: `kept` has all addresses, and `upstream` (empty: a primary).
struct Setup {
  Instance instance;
  const DatabaseKept& kept;
};

class Engine {
 public:
  virtual ~Engine() = default;

  // Those that are needed, sorted.
  virtual std::vector<std::string> Packages(const std::string& version) const = 0;
  // What has to stand before they are installed (so that the package starts no instance of its own).
  virtual Status BeforeInstall() = 0;

  // Everything of DatabaseObserved that the program and the disk say: state, owner, role, timeline, version, system,
  // checksums, fenced, stopped_at, parameters, pending_restart, users, databases, slots, and what is volatile.
  virtual Result<DatabaseObserved> Look(const Question& question) = 0;
  // Within two seconds; reads only.
  virtual Result<Identity> Identify(const Instance& instance) const = 0;
  // The same for whoever asks several times a second: what was found a moment ago may be said again.
  virtual Result<Identity> IdentifyOften(const Instance& instance) { return Identify(instance); }
  // Whether files and passwords stand as they were written for `setup`.
  virtual Result<bool> FilesStand(const Setup& setup) = 0;
  virtual Watches Watch(const Instance& instance) const = 0;
  virtual std::string Unit(const Instance& instance) const = 0;

  // A primary; an instance of this database that is there, kept or half made, is gone on with.
  virtual Status Create(const Setup& setup, const SecretString& replication, Log& log) = 0;
  // One that was made by hand.
  virtual Status Adopt(const Setup& setup, const SecretString& replication, Log& log) = 0;
  // From the upstream, which goes on meanwhile. Checks the room on disk first.
  virtual Status Clone(const Setup& setup, const SecretString& replication, Log& log) = 0;
  // Writes, lets the program check, reloads; what it refuses is put back. A stopped instance gets the files only.
  virtual Status Configure(const Setup& setup, const SecretString& replication, Log& log) = 0;
  // The files alone, as they were confirmed, and a reload: for drift.
  virtual Status RestoreFiles(const Setup& setup) = 0;
  // Starts past the role check, and waits until it answers.
  virtual Status Start(const Instance& instance) = 0;
  // Only where the server waits for it (`pending_restart`): what was done, true.
  virtual Result<bool> RestartIfPending(const Instance& instance) = 0;

  // A primary takes no writes any more and is stopped in order; it does not start as one again, after a boot neither.
  // Nothing is done, and an error, where the successor is not joined.
  virtual Status Fence(const Instance& instance, const std::string& successor) = 0;
  virtual Status Unfence(const Setup& setup) = 0;
  // A replica that has `position` (of the former primary) becomes the primary; slots for those who are to follow.
  virtual Status Promote(const Setup& setup, const std::string& position, const std::vector<std::string>& slots) = 0;
  virtual Status Follow(const Setup& setup) = 0;
  // A stopped instance comes back as a replica of the upstream, rewound where it must be.
  virtual Status Rejoin(const Setup& setup, const SecretString& replication, Log& log) = 0;
  virtual Status SetSlots(const Instance& instance, const std::vector<std::string>& members) = 0;

  // On a primary. `password` is empty where `action` has no login.
  virtual Status EnsureUser(const Instance& instance, const v1::kinds::DatabaseUserAction& action,
                            const SecretString& password) = 0;
  virtual Status SetGrants(const Instance& instance, const v1::kinds::DatabaseUserAction& action) = 0;
  virtual Status RemoveUser(const Instance& instance, const std::string& name) = 0;
  virtual Status EnsureDatabase(const Instance& instance, const v1::kinds::DatabaseDatabaseAction& action) = 0;
  virtual Status RemoveDatabase(const Instance& instance, const std::string& name) = 0;

  // Stopped for good; the data stays with its mark, or goes.
  virtual Status Retire(const Instance& instance, bool purge, Log& log) = 0;
};

// nullptr: no such engine.
std::unique_ptr<Engine> MakeEngine(const std::string& name, Environment& environment);

}  // namespace podwright::drivers::database
