// Streams for people: a run until it ends, events from a revision on. Both read from the store by themselves, so
// that a slow reader costs no memory and holds no lock.
//
// Threading: one thread calls Next, any other Cancel. They must be destroyed before the store.
#pragma once

#include <memory>

#include "core/result.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/control/keys.h"
#include "reconciler/store/store.h"

namespace podwright::control {

Result<std::unique_ptr<RunReader>> OpenRunReader(store::Store& store, const RunId& id);
// kOutOfRange "compacted": events from that revision on are no longer all kept.
Result<std::unique_ptr<EventReader>> OpenEventReader(store::Store& store, const v1::EventsRequest& request);

}  // namespace podwright::control
