#include "provider/sdk/logic/apply.h"

#include <utility>

#include "provider/sdk/logic/checks.h"
#include "provider/sdk/logic/deadline.h"
#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/logic/returned.h"
#include "provider/sdk/logic/wording.h"

namespace podwright::sdk::logic {
namespace {

ApplyOutput Create(const ResourceEntry& entry, const ApplyInput& input) {
  const Deadline deadline(entry.schema, Operation::kCreate, input.planned, input.cancellation);
  const CreateRequest request{.config = input.config,
                              .plan = input.planned,
                              .private_state = input.private_state,
                              .provider_meta = input.provider_meta,
                              .cancellation = deadline.token()};
  CreateResponse response{.private_state = input.private_state};
  Guarded(response.diagnostics, [&] { entry.resource->Create(request, response); });
  deadline.Explain(response.diagnostics);
  if (response.state.is_null() && !response.diagnostics.HasError()) {
    response.diagnostics.AddError("The provider created nothing",
                                  std::string("It returned neither an object nor an error.") + kBug);
  }
  return {std::move(response.state), std::move(response.private_state), std::move(response.diagnostics)};
}

ApplyOutput Update(const ResourceEntry& entry, const ApplyInput& input) {
  const Deadline deadline(entry.schema, Operation::kUpdate, input.planned, input.cancellation);
  const UpdateRequest request{.config = input.config,
                              .plan = input.planned,
                              .state = input.prior,
                              .private_state = input.private_state,
                              .provider_meta = input.provider_meta,
                              .cancellation = deadline.token()};
  UpdateResponse response{.state = input.prior, .private_state = input.private_state};
  Guarded(response.diagnostics, [&] { entry.resource->Update(request, response); });
  deadline.Explain(response.diagnostics);
  if (response.state.is_null()) {
    if (!response.diagnostics.HasError()) {
      response.diagnostics.AddError("The provider lost the object",
                                    std::string("Its update returned neither an object nor an error.") + kBug);
    }
    response.state = input.prior;
  }
  return {std::move(response.state), std::move(response.private_state), std::move(response.diagnostics)};
}

ApplyOutput Delete(const ResourceEntry& entry, const ApplyInput& input) {
  const Deadline deadline(entry.schema, Operation::kDelete, input.prior, input.cancellation);
  const DeleteRequest request{.state = input.prior,
                              .private_state = input.private_state,
                              .provider_meta = input.provider_meta,
                              .cancellation = deadline.token()};
  DeleteResponse response{.private_state = input.private_state};
  Guarded(response.diagnostics, [&] { entry.resource->Delete(request, response); });
  deadline.Explain(response.diagnostics);
  if (response.diagnostics.HasError() && response.state.is_null()) response.state = input.prior;
  if (!response.diagnostics.HasError()) response.state = Value::Null();
  return {std::move(response.state), std::move(response.private_state), std::move(response.diagnostics)};
}

bool OnlyTimeoutsChange(const Schema& schema, const ApplyInput& input) {
  return schema.timeouts && !(input.planned == input.prior) &&
         WithTimeoutsOf(schema, input.prior, input.planned) == input.prior;
}

}  // namespace

ApplyOutput Apply(const ResourceEntry& entry, const ApplyInput& input) {
  const Attributes& attributes = entry.schema.attributes;
  ApplyOutput output;
  if (input.planned.is_null()) {
    output = Delete(entry, input);
  } else if (input.prior.is_null()) {
    output = Create(entry, input);
  } else if (OnlyTimeoutsChange(entry.schema, input)) {
    output = {.state = input.planned, .private_state = input.private_state};
  } else {
    output = Update(entry, input);
  }
  // Whatever does not fit the schema is kept as far as the plan goes: better a wrong value than a lost object.
  const Value fallback =
      output.state.is_null() ? output.state : (input.planned.is_null() ? input.prior : input.planned);
  const bool keeps_prior = input.planned.is_null() || (output.diagnostics.HasError() && !input.prior.is_null());
  output.state = WithTimeoutsOf(entry.schema, keeps_prior ? input.prior : input.planned, std::move(output.state));
  output.state = Fitted(output.state, entry.type, fallback, output.diagnostics);
  RefuseWriteOnly(entry.schema, output.state, kInvalidResult, "Applying " + entry.resource->TypeName(),
                  output.diagnostics);
  output.state = Returnable(attributes, output.state);
  Guarded(output.diagnostics, [&] {
    output.state = KeepSpelling(attributes, entry.semantic_equality, input.planned, output.state, Spelling::kEach);
  });
  RefuseUnknown(output.state, kInvalidResult, "Applying", output.diagnostics);
  if (ChecksEnabled() && !output.diagnostics.HasError()) {
    CheckApplied(entry.schema, input.planned, output.state, output.diagnostics);
  }
  output.state = UnknownAsNull(output.state);
  return output;
}

}  // namespace podwright::sdk::logic
