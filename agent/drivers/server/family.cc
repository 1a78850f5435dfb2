#include "agent/drivers/server/family.h"

#include <algorithm>

namespace podwright::drivers::server {
std::string Noted(const ActionContext& context, const std::string& key) {
  const auto found = context.before.find(key);
  return found == context.before.end() ? "" : found->second;
}

bool SameAttributes(const host::FileStat& stat, const host::FileAttributes& wanted) {
  return stat.mode == wanted.mode && stat.owner == wanted.owner && stat.group == wanted.group;
}

Status MakeFoldersFor(Environment& env, const std::string& path, v1::ObjectState& state) {
  const std::string parent = host::ParentFolder(path);
  if (parent == "/") return Ok();
  PW_ASSIGN(const auto made, env.host.files.MakeFolders(parent));
  for (const std::string& folder : made) InsertSorted(*state.mutable_made_folders(), folder);
  return Ok();
}

Status DropFoldersOf(Environment& env, const std::string& path, v1::ObjectState& state) {
  for (std::string folder = host::ParentFolder(path); folder != "/"; folder = host::ParentFolder(folder)) {
    const auto& made = state.made_folders();
    if (std::find(made.begin(), made.end(), folder) == made.end()) break;
    PW_TRY(env.host.files.RemoveEmptyFolder(folder));
    PW_ASSIGN(const auto left, env.host.files.Stat(folder));
    if (left) break;
    EraseFrom(*state.mutable_made_folders(), folder);
  }
  return Ok();
}

Status ReloadRunning(Environment& env, const std::vector<std::string>& units) {
  PW_ASSIGN(const auto states, env.host.units.Show(units));
  for (const auto& [unit, state] : states) {
    if (state.Active()) {
      PW_TRY(env.host.units.Reload(unit));
    }
  }
  return Ok();
}

Status NoteOwed(Environment& env, const std::vector<std::string>& reloads, const std::vector<std::string>& restarts,
                v1::ObjectState& state) {
  std::map<std::string, std::string> wanted;
  for (const auto& unit : reloads) wanted[unit] = "reload";
  for (const auto& unit : restarts) wanted[unit] = "restart";
  std::vector<std::string> names;
  for (const auto& entry : wanted) names.push_back(entry.first);
  PW_ASSIGN(const auto states, env.host.units.Show(names));
  for (const auto& [unit, what] : wanted) {
    const auto found = states.find(unit);
    if (found == states.end() || !found->second.Active()) continue;
    v1::OwedUnit& owed = (*state.mutable_owed())[unit];
    const bool still = owed.invocation_id() == found->second.invocation_id;
    if (!still || owed.what() != "restart") owed.set_what(what);
    owed.set_invocation_id(found->second.invocation_id);
  }
  return Ok();
}

}  // namespace podwright::drivers::server
