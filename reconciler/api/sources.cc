// GetSource, ListSources, GetPullRequest, SyncSource, SuspendSource, PinSource, ReleaseSource.
#include "reconciler/sources/sources.h"

#include "reconciler/api/control_service.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/previews/previews.h"

namespace podwright::api {

using control::Caller;
using control::Operation;

namespace {

std::string Subject(const std::string& name) {
  return "git_source/" + name;
}

}  // namespace

Result<sources::Sources*> ControlService::SourcesFor(const Caller& caller, Operation operation,
                                                     const std::string& workspace, const std::string& name) {
  PW_TRY(d_.control.Authorize(caller, operation, workspace, Subject(name)));
  if (d_.sources == nullptr) return Unimplemented("this control plane watches no Git sources");
  return d_.sources;
}

grpc::Status ControlService::GetSource(Context* context, const v1::SourceRequest* request, v1::SourceView* response) {
  return Handle(*context, "GetSource", response, [&](const Caller& caller) -> Result<v1::SourceView> {
    const std::string workspace = WorkspaceOf(request->workspace());
    PW_ASSIGN(sources::Sources * sources, SourcesFor(caller, Operation::kRead, workspace, request->name()));
    PW_ASSIGN(v1::SourceView view, sources->Get(workspace, request->name()));
    if (d_.previews != nullptr) d_.previews->Fill(&view);
    return view;
  });
}

grpc::Status ControlService::ListSources(Context* context, const v1::ListSourcesRequest* request,
                                         v1::ListSourcesResponse* response) {
  return Handle(*context, "ListSources", response, [&](const Caller& caller) -> Result<v1::ListSourcesResponse> {
    const std::string workspace = WorkspaceOf(request->workspace());
    PW_ASSIGN(sources::Sources * sources, SourcesFor(caller, Operation::kRead, workspace, "*"));
    PW_ASSIGN(v1::ListSourcesResponse list, sources->List(workspace));
    if (d_.previews != nullptr) {
      for (v1::SourceView& view : *list.mutable_sources()) d_.previews->Fill(&view);
    }
    return list;
  });
}

grpc::Status ControlService::GetPullRequest(Context* context, const v1::PullRequestRequest* request,
                                            v1::PullRequestView* response) {
  return Handle(*context, "GetPullRequest", response, [&](const Caller& caller) -> Result<v1::PullRequestView> {
    const std::string workspace = WorkspaceOf(request->workspace());
    PW_TRY(d_.control.Authorize(caller, Operation::kRead, workspace, Subject(request->name())));
    if (d_.previews == nullptr) return Unimplemented("this control plane answers no pull requests");
    return d_.previews->Get(workspace, request->name(), request->number());
  });
}

grpc::Status ControlService::SyncSource(Context* context, const v1::SourceRequest* request, v1::SourceView* response) {
  return Handle(*context, "SyncSource", response, [&](const Caller& caller) -> Result<v1::SourceView> {
    const std::string workspace = WorkspaceOf(request->workspace());
    PW_ASSIGN(sources::Sources * sources, SourcesFor(caller, Operation::kApply, workspace, request->name()));
    const std::string& accepted = request->accept();
    PW_ASSIGN(v1::SourceView view, accepted.empty()
                                       ? sources->Sync(workspace, request->name())
                                       : sources->Accept(caller.actor, workspace, request->name(), accepted));
    PW_TRY(Audited(caller, accepted.empty() ? "source.sync" : "source.accept", workspace, Subject(request->name()),
                   accepted.empty() ? "" : "plan " + accepted));
    return view;
  });
}

grpc::Status ControlService::SuspendSource(Context* context, const v1::SuspendSourceRequest* request,
                                           v1::SourceView* response) {
  return Handle(*context, "SuspendSource", response, [&](const Caller& caller) -> Result<v1::SourceView> {
    v1::SuspendSourceRequest asked = *request;
    asked.set_workspace(WorkspaceOf(request->workspace()));
    PW_ASSIGN(sources::Sources * sources, SourcesFor(caller, Operation::kApply, asked.workspace(), asked.name()));
    PW_ASSIGN(v1::SourceView view, sources->Suspend(caller.actor, asked));
    PW_TRY(Audited(caller, asked.suspend() ? "source.suspend" : "source.resume", asked.workspace(),
                   Subject(asked.name()), asked.reason()));
    return view;
  });
}

grpc::Status ControlService::PinSource(Context* context, const v1::PinSourceRequest* request,
                                       v1::SourceView* response) {
  return Handle(*context, "PinSource", response, [&](const Caller& caller) -> Result<v1::SourceView> {
    v1::PinSourceRequest asked = *request;
    asked.set_workspace(WorkspaceOf(request->workspace()));
    PW_ASSIGN(sources::Sources * sources, SourcesFor(caller, Operation::kApply, asked.workspace(), asked.name()));
    PW_ASSIGN(v1::SourceView view, sources->Pin(caller.actor, asked));
    PW_TRY(Audited(caller, "source.rollback", asked.workspace(), Subject(asked.name()),
                   "stays at " + view.pin().commit() + (asked.reason().empty() ? "" : ": " + asked.reason())));
    return view;
  });
}

grpc::Status ControlService::ReleaseSource(Context* context, const v1::SourceRequest* request,
                                           v1::SourceView* response) {
  return Handle(*context, "ReleaseSource", response, [&](const Caller& caller) -> Result<v1::SourceView> {
    const std::string workspace = WorkspaceOf(request->workspace());
    PW_ASSIGN(sources::Sources * sources, SourcesFor(caller, Operation::kApply, workspace, request->name()));
    PW_ASSIGN(v1::SourceView view, sources->Release(workspace, request->name()));
    PW_TRY(Audited(caller, "source.release", workspace, Subject(request->name()), ""));
    return view;
  });
}

}  // namespace podwright::api
