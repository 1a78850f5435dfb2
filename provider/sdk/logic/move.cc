#include "provider/sdk/logic/move.h"

#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/logic/returned.h"
#include "provider/sdk/logic/wording.h"

namespace podwright::sdk::logic {

MoveResponse Move(const ResourceEntry& entry, const MoveRequest& request) {
  MoveResponse response;
  const std::string type_name = entry.resource->TypeName();
  if (entry.move != nullptr) {
    Guarded(response.diagnostics, [&] { entry.move->Move(request, response); });
  }
  if (response.state.is_null() && !response.diagnostics.HasError()) {
    response.diagnostics.AddError(
        "This move is not possible",
        type_name + " cannot take over the state of " + request.type_name + " (" + request.provider_address + ").");
  }
  const Value state = Fitted(response.state, entry.type, Value::Null(), response.diagnostics);
  RefuseUnknown(state, kInvalidObject, "Moving", response.diagnostics);
  RefuseWriteOnly(entry.schema, state, kInvalidObject, "Moving to " + type_name, response.diagnostics);
  response.state = response.diagnostics.HasError() ? Value::Null() : Returnable(entry.schema.attributes, state);
  return response;
}

}  // namespace podwright::sdk::logic
