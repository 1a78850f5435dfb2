// Events.
#include <chrono>
#include <memory>
#include <vector>

#include "core/clock.h"
#include "reconciler/api/control_service.h"
#include "reconciler/control/control_plane.h"

namespace podwright::api {

grpc::Status ControlService::Events(Context* context, const v1::EventsRequest* request, Writer<v1::Event>* writer) {
  const StreamSlot slot(streams_);
  if (!slot.free()) return TooManyStreams();
  const auto stream = [&]() -> Status {
    PW_ASSIGN(const control::Caller caller, WhoCalls(*context, "Events"));
    PW_ASSIGN(const std::unique_ptr<control::EventReader> reader, d_.control.Events(caller, *request));
    // The headers say that the stream stands, also when nothing happens for a while.
    writer->SendInitialMetadata();
    while (!context->IsCancelled()) {
      if (stopping_) return Unavailable("the control plane is stopping");
      const auto events = reader->Next(d_.clock.Steady() + std::chrono::milliseconds(500));
      if (!events.ok()) {
        if (events.error().code() == ErrorCode::kCancelled) return Unavailable("the control plane is stopping");
        return events.error();
      }
      for (const v1::Event& event : *events) {
        if (!writer->Write(event)) return Cancelled("the reader is gone");
      }
      if (events->empty() && reader->done()) return Ok();
    }
    return Cancelled("the reader is gone");
  };
  return StreamEnd("Events", stream());
}

}  // namespace podwright::api
