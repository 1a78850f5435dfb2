#include "kinds/validate.h"
#include "provider/kind_resource.h"
#include "provider/object_values.h"

namespace podwright::provider {

using sdk::Value;

sdk::IdentitySchema KindResource::GetIdentitySchema() const {
  return {.attributes = {{.name = "workspace",
                          .optional_for_import = true,
                          .description = "The workspace; without it the provider's own."},
                         {.name = "name", .required_for_import = true, .description = "The object's name."}}};
}

Value KindResource::IdentityOf(const Value& state) const {
  if (const std::string* id = state.Get("id").AsString(); id != nullptr) {
    const auto [workspace, name] = SplitId(*id, session_.workspace);
    return Value::Object({{"workspace", Value::String(workspace)}, {"name", Value::String(name)}});
  }
  const bool known = session_.backend != nullptr;
  return Value::Object(
      {{"workspace", known ? Value::String(session_.workspace) : Value::Unknown()}, {"name", state.Get("name")}});
}

void KindResource::Import(const sdk::ImportRequest& request, sdk::ImportResponse& response) {
  if (session_.backend == nullptr) {
    response.deferred = sdk::DeferredReason::kProviderConfigUnknown;
    return;
  }
  const bool by_identity = request.identity.has_value();
  const auto [workspace, name] = by_identity ? std::pair(request.identity.Get("workspace").StringOr(session_.workspace),
                                                         request.identity.Get("name").StringOr(""))
                                             : SplitId(request.id, session_.workspace);
  if (!kinds::IsValidName(name) || !kinds::IsValidName(workspace)) {
    response.diagnostics.AddError(
        by_identity ? "Wrong identity" : "Wrong import id",
        by_identity
            ? "\"" + workspace + "\" and \"" + name + "\" are not a workspace and the name of a " + kind_.name() + "."
            : "\"" + request.id + "\" is neither NAME nor WORKSPACE/NAME of a " + kind_.name() + ".");
    return;
  }
  response.state = Value::Object({{"id", Value::String(workspace + "/" + name)}, {"name", Value::String(name)}});
}

}  // namespace podwright::provider
