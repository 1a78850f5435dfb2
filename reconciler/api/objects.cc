// Apply, Get, List, Pause.
#include "reconciler/api/control_service.h"
#include "reconciler/control/control_plane.h"

namespace podwright::api {

using control::Caller;

grpc::Status ControlService::Apply(Context* context, const v1::ApplyRequest* request, v1::ApplyResponse* response) {
  return Handle(*context, "Apply", response, [&](const Caller& caller) { return d_.control.Apply(caller, *request); });
}

grpc::Status ControlService::Get(Context* context, const v1::GetRequest* request, v1::ObjectView* response) {
  return Handle(*context, "Get", response, [&](const Caller& caller) { return d_.control.Get(caller, *request); });
}

grpc::Status ControlService::List(Context* context, const v1::ListRequest* request, v1::ListResponse* response) {
  return Handle(*context, "List", response, [&](const Caller& caller) { return d_.control.List(caller, *request); });
}

grpc::Status ControlService::Pause(Context* context, const v1::PauseRequest* request, v1::ObjectView* response) {
  return Handle(*context, "Pause", response, [&](const Caller& caller) { return d_.control.Pause(caller, *request); });
}

}  // namespace podwright::api
