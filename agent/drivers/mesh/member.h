// One member as this server has it: what is kept, what is found, and how one is made the other. Internal to the driver.
//
// One per call, on one thread; writes what it keeps back into the state with Keep.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/drivers/driver.h"
#include "agent/drivers/mesh/keys.h"
#include "agent/drivers/object_state.h"
#include "podwright/v1/kinds/mesh.pb.h"

namespace podwright::drivers::mesh {

// Whether the peer made a handshake lately: a session is renewed every two minutes.
bool Answers(const host::WireguardPeer& peer, Clock& clock);

// One part that is not as it was confirmed.
struct Drift {
  std::string item;  // "peers:"
  std::string text;  // for people
  bool repairable = true;
};

// The server as it is.
struct Found {
  std::vector<std::string> lacking;  // packages that are needed and not there, sorted
  bool rules = false;                // file and table as they were made
  bool names = false;
  std::optional<Key> key;
  std::optional<Key> next;
  std::string public_key;
  std::string next_public_key;
  std::optional<host::WireguardDevice> device;
  bool runs = false;                                   // the unit: active and started at boot
  bool configuration = false;                          // the file is as kept
  std::map<std::string, std::set<std::string>> peers;  // of the device: what goes to each, by public key

  bool HasTools() const;
};

class Member {
 public:
  Member(Environment& environment, Keys& keys, v1::ObjectState& state);

  const std::string& mesh() const { return state_.object().name(); }
  v1::kinds::MeshKept& kept() { return kept_; }
  void Keep();
  // Podwright brought the item.
  void Own(const std::string& item) { AddManaged(state_, item); }

  Result<Found> Look();
  v1::kinds::MeshObserved Observed(const Found& found) const;
  std::vector<Drift> Compare(const Found& found) const;
  Status Repair(const Drift& drift);

  Status InstallTools(std::vector<std::string>* installed);
  // The table in the kernel, and the file that wg-quick loads it from.
  Status ApplyRules();
  // Configuration, unit and interface as kept. Failed-precondition: somebody else's configuration is there.
  Status BringUp();
  // The interface's keys and peers at once, then the configuration. Nothing while there is no interface.
  Status Push();
  Status WriteNames();
  // Everything; packages that others use stay.
  Status TakeAway(const std::vector<std::string>& keep_packages, std::vector<std::string>* log);

 private:
  bool IsMade() const { return !kept_.interface().interface().empty(); }
  Result<std::vector<std::string>> Lacking();
  Status LookAtInterface(Found& found);
  bool InterfaceStands(const Found& found) const;
  Status WriteConfiguration();
  Result<std::string> ConfigurationText();
  Result<std::string> ReadText(const std::string& path);  // "" where nothing is
  Result<std::string> Listing();                          // SHA-256 of the kernel's words; "" where there is no table
  Result<bool> RulesStand();
  Result<bool> NamesStand();

  Environment& env_;
  Keys& keys_;
  v1::ObjectState& state_;
  v1::kinds::MeshKept kept_;
};

}  // namespace podwright::drivers::mesh
