// Facts from what is stored and what agents report: parsing, defaults, canonical bytes, references.
//
// Errors: bytes that are no message of the kind, an unknown kind. Any thread.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/object.pb.h"
#include "reconciler/planner/facts.h"

namespace podwright::kinds {
class Registry;
}

namespace podwright::planner {

Result<ObjectInput> MakeObjectInput(const kinds::Registry& registry, const v1::StoredObject& object);
// `facts` must not say that the object is gone: that is RemoveObserved.
Result<ObservedInput> MakeObservedInput(const kinds::Registry& registry, const std::string& server,
                                        const v1::ObservedFacts& facts);

}  // namespace podwright::planner
