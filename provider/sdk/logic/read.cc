#include "provider/sdk/logic/read.h"

#include <utility>

#include "provider/sdk/logic/deadline.h"
#include "provider/sdk/logic/deferral.h"
#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/logic/returned.h"
#include "provider/sdk/logic/wording.h"

namespace podwright::sdk::logic {

ReadOutput Read(const ResourceEntry& entry, const ReadInput& input) {
  const Deadline deadline(entry.schema, Operation::kRead, input.state, input.cancellation);
  const ReadRequest request{.state = input.state,
                            .private_state = input.private_state,
                            .client = input.client,
                            .provider_meta = input.provider_meta,
                            .cancellation = deadline.token()};
  ReadResponse response{.state = input.state, .private_state = input.private_state};
  Guarded(response.diagnostics, [&] { entry.resource->Read(request, response); });
  deadline.Explain(response.diagnostics);
  response.state = WithTimeoutsOf(entry.schema, input.state, std::move(response.state));
  Value state = Fitted(response.state, entry.type, input.state, response.diagnostics);
  const std::string what = "Reading " + entry.resource->TypeName();
  RefuseWriteOnly(entry.schema, state, kInvalidObject, what, response.diagnostics);
  state = Returnable(entry.schema.attributes, state);
  Guarded(response.diagnostics, [&] {
    state = KeepSpelling(entry.schema.attributes, entry.semantic_equality, input.state, state, Spelling::kEach);
  });
  RefuseUnknown(state, kInvalidObject, "Reading", response.diagnostics);
  const auto deferred = AllowedDeferral(response.deferred, input.client, what, response.diagnostics);
  return {UnknownAsNull(state), std::move(response.private_state), deferred, std::move(response.diagnostics)};
}

ReadDataOutput ReadData(const DataSourceEntry& entry, const ReadDataRequest& request) {
  const Deadline deadline(entry.schema, Operation::kRead, request.config, request.cancellation);
  ReadDataRequest own = request;
  own.cancellation = deadline.token();
  ReadDataResponse response{.state = request.config};
  Guarded(response.diagnostics, [&] { entry.data_source->Read(own, response); });
  deadline.Explain(response.diagnostics);
  const auto deferred = AllowedDeferral(response.deferred, request.client, "Reading " + entry.data_source->TypeName(),
                                        response.diagnostics);
  if (deferred) return {Value::Unknown(), deferred, std::move(response.diagnostics)};
  response.state = WithTimeoutsOf(entry.schema, request.config, std::move(response.state));
  const Value state =
      Returnable(entry.schema.attributes, Fitted(response.state, entry.type, request.config, response.diagnostics));
  if (state.is_null() && !response.diagnostics.HasError()) {
    response.diagnostics.AddError("The data source returned nothing",
                                  std::string("It returned neither an object nor an error.") + kBug);
  }
  RefuseUnknown(state, kInvalidObject, "Reading", response.diagnostics);
  return {UnknownAsNull(state), std::nullopt, std::move(response.diagnostics)};
}

}  // namespace podwright::sdk::logic
