// GetRun, ListRuns, WatchRun, CancelRun, ReleaseRun, Retry, and approvals.
#include <chrono>
#include <memory>
#include <optional>

#include "core/clock.h"
#include "reconciler/api/control_service.h"
#include "reconciler/control/control_plane.h"

namespace podwright::api {

using control::Caller;

grpc::Status ControlService::GetRun(Context* context, const v1::GetRunRequest* request, v1::Run* response) {
  return Handle(*context, "GetRun", response,
                [&](const Caller& caller) { return d_.control.GetRun(caller, *request); });
}

grpc::Status ControlService::ListRuns(Context* context, const v1::ListRunsRequest* request,
                                      v1::ListRunsResponse* response) {
  return Handle(*context, "ListRuns", response,
                [&](const Caller& caller) { return d_.control.ListRuns(caller, *request); });
}

grpc::Status ControlService::CancelRun(Context* context, const v1::GetRunRequest* request, v1::Run* response) {
  return Handle(*context, "CancelRun", response,
                [&](const Caller& caller) { return d_.control.CancelRun(caller, *request); });
}

grpc::Status ControlService::ReleaseRun(Context* context, const v1::GetRunRequest* request, v1::Run* response) {
  return Handle(*context, "ReleaseRun", response,
                [&](const Caller& caller) { return d_.control.ReleaseRun(caller, *request); });
}

grpc::Status ControlService::Approve(Context* context, const v1::ApproveRequest* request,
                                     v1::PendingApproval* response) {
  return Handle(*context, "Approve", response,
                [&](const Caller& caller) { return d_.control.Approve(caller, *request); });
}

grpc::Status ControlService::RevokeApproval(Context* context, const v1::RevokeApprovalRequest* request,
                                            v1::PendingApproval* response) {
  return Handle(*context, "RevokeApproval", response,
                [&](const Caller& caller) { return d_.control.RevokeApproval(caller, *request); });
}

grpc::Status ControlService::ListApprovals(Context* context, const v1::ListApprovalsRequest* request,
                                           v1::ListApprovalsResponse* response) {
  return Handle(*context, "ListApprovals", response,
                [&](const Caller& caller) { return d_.control.ListApprovals(caller, *request); });
}

grpc::Status ControlService::Retry(Context* context, const v1::RetryRequest* request, v1::RetryResponse* response) {
  return Handle(*context, "Retry", response, [&](const Caller& caller) { return d_.control.Retry(caller, *request); });
}

grpc::Status ControlService::WatchRun(Context* context, const v1::GetRunRequest* request, Writer<v1::Run>* writer) {
  const StreamSlot slot(streams_);
  if (!slot.free()) return TooManyStreams();
  const auto watch = [&]() -> Status {
    PW_ASSIGN(const Caller caller, WhoCalls(*context, "WatchRun"));
    PW_ASSIGN(const std::unique_ptr<control::RunReader> reader, d_.control.WatchRun(caller, *request));
    while (!context->IsCancelled()) {
      if (stopping_) return Unavailable("the control plane is stopping");
      const auto next = reader->Next(d_.clock.Steady() + std::chrono::milliseconds(500));
      if (!next.ok()) {
        if (next.error().code() == ErrorCode::kOutOfRange) return Ok();  // it has ended, and that was told
        if (next.error().code() == ErrorCode::kCancelled) return Unavailable("the control plane is stopping");
        return next.error();
      }
      if (next->has_value() && !writer->Write(**next)) return Cancelled("the reader is gone");
    }
    return Cancelled("the reader is gone");
  };
  return StreamEnd("WatchRun", watch());
}

}  // namespace podwright::api
