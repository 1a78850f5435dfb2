// Further apt sources: before all packages, and taken away after them.
#include "kinds/server/apt_source_form.h"
#include "reconciler/planner/kinds/server_draft.h"

namespace podwright::planner {

Status PlanAptSources(ServerDraft& server, ServerPlaces& places) {
  for (const std::string& name : SortedKeys(server.spec().apt_sources())) {
    const v1::kinds::ServerAptSource& wanted = server.spec().apt_sources().at(name);
    const auto it = server.observed().apt_sources().find(name);
    const bool there = it != server.observed().apt_sources().end();
    PW_ASSIGN(const auto files, kinds::AptSourceFiles(name, wanted));
    const auto& managed = server.observed().managed();
    const bool ours = std::find(managed.begin(), managed.end(), "apt_source:" + name) != managed.end();
    if (there && it->second.foreign() && !ours) {
      return FailedPrecondition(kinds::AptSourcePathsOf(name).sources + " on " + server.name() +
                                " was not written by Podwright: take it away, or choose another name");
    }
    if (there && it->second.sha256() == kinds::AptSourceDigest(files)) continue;
    ActionDraft action =
        server.Agent("server.apt_source.set", name,
                     std::string(there ? "change" : "add") + " the apt source " + name + " (" + wanted.uri() + " " +
                         wanted.suite() + ")" + (there ? "" : ", whose key is believed for it alone"));
    v1::kinds::AptSourceAction payload;
    payload.set_name(name);
    *payload.mutable_source() = wanted;
    action.SetPayload(payload);
    if (!there) {
      payload.clear_source();
      action.SetCompensation("server.apt_source.remove", "remove the apt source " + name, payload);
    }
    places.last_package = server.Add(std::move(action), places.AfterPackages());
  }
  return Ok();
}

void PlanAptSourceRemovals(ServerDraft& server, const ServerPlaces& places) {
  for (const std::string& name : NoLongerDeclared(server.observed(), "apt_source:", server.spec().apt_sources())) {
    ActionDraft action =
        server.Agent("server.apt_source.remove", name,
                     "remove the apt source " + name + " and its key (no longer declared; what came from it stays)");
    v1::kinds::AptSourceAction payload;
    payload.set_name(name);
    action.SetPayload(payload);
    action.action.set_deletes(true);
    server.Add(std::move(action), places.AfterPackages());
  }
}

}  // namespace podwright::planner
