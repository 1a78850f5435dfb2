#include "provider/sdk/testing/toy_note.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "provider/sdk/value/json.h"

namespace podwright::sdk::testing {

Schema ToyNote::GetSchema() const {
  Schema schema;
  schema.description = "A note in a file.";
  schema.attributes = {
      {.name = "id", .type = Type::String(), .computed = true},
      {.name = "name", .type = Type::String(), .required = true, .requires_replace = true},
      {.name = "text", .type = Type::String(), .optional = true},
      {.name = "module", .type = Type::String(), .computed = true, .use_state_for_unknown = true},
      {.name = "wait_for", .type = Type::String(), .optional = true, .description = "Deferred until it is there."},
      {.name = "secret_wo", .type = Type::String(), .optional = true, .sensitive = true, .write_only = true},
      {.name = "fault", .type = Type::String(), .optional = true},
  };
  return schema;
}

IdentitySchema ToyNote::GetIdentitySchema() const {
  return {.version = 1,
          .attributes = {{.name = "name", .required_for_import = true, .description = "The note's name."},
                         {.name = "id", .optional_for_import = true}}};
}

Value ToyNote::IdentityOf(const Value& state) const {
  const std::string fault = state.Get("fault").StringOr("");
  const bool made = state.Get("id").has_value();
  if (fault == "identity-type") return Value::Object({{"name", Value::List({})}});
  if (fault == "identity-null" && made) return Value::Object({{"name", Value::Null()}, {"id", state.Get("id")}});
  if (fault == "identity-unknown") return Value::Object({{"name", state.Get("name")}, {"id", Value::Unknown()}});
  if (fault == "identity-change" && made) return Value::Object({{"name", Value::String("other")}});
  return Value::Object({{"name", state.Get("name")}, {"id", state.Get("id")}});
}

void ToyNote::UpgradeIdentity(const UpgradeIdentityRequest& request, UpgradeIdentityResponse& response) {
  // Version 0 called the name "title".
  response.identity.SetField("name", request.identity.Get("title"));
}

Result<std::filesystem::path> ToyNote::PathOf(const Value& state) const {
  PW_ASSIGN(const std::filesystem::path folder, folder_->Get());
  return folder / (state.Get("name").StringOr("") + ".note");
}

bool ToyNote::Missing(const Value& state) const {
  const std::string* awaited = state.Get("wait_for").AsString();
  const Result<std::filesystem::path> folder = folder_->Get();
  return awaited != nullptr && folder.ok() && !std::filesystem::exists(*folder / *awaited);
}

void ToyNote::ModifyPlan(const ModifyPlanRequest& request, ModifyPlanResponse& response) {
  if (Missing(request.config)) response.deferred = DeferredReason::kAbsentPrerequisite;
  // What the first plan leaves must come back where the client keeps it.
  response.private_state = request.planned_private.empty() ? "planned" : request.planned_private + " again";
}

void ToyNote::Create(const CreateRequest& request, CreateResponse& response) {
  const Result<std::filesystem::path> path = PathOf(request.plan);
  if (!path.ok()) return response.diagnostics.AddError("Cannot write the note", path.error());
  response.state = request.plan;
  response.state.SetField("id", Value::String("note:" + request.plan.Get("name").StringOr("")));
  response.state.SetField("module", request.provider_meta.Get("module_name"));
  response.private_state = request.private_state + ", created";
  std::ofstream(*path) << EncodeJson(response.state).value();
  if (request.plan.Get("fault").StringOr("") == "create") response.diagnostics.AddError("The create failed", "Half.");
}

void ToyNote::Read(const ReadRequest& request, ReadResponse& response) {
  if (Missing(request.state)) {
    response.deferred = DeferredReason::kAbsentPrerequisite;
    return;
  }
  const Result<std::filesystem::path> path = PathOf(request.state);
  if (!path.ok()) return response.diagnostics.AddError("Cannot read the note", path.error());
  std::ifstream file(*path);
  if (!file && request.private_state.find("moved") != std::string::npos) {
    std::ofstream(*path) << EncodeJson(request.state).value();  // a move only tells; its object begins here
    return;
  }
  if (!file) {
    response.state = Value::Null();
    return;
  }
  std::stringstream text;
  text << file.rdbuf();
  Result<Value> state = DecodeJson(text.str(), GetSchema().ImpliedType());
  if (!state.ok()) return response.diagnostics.AddError("The note is broken", state.error());
  response.state = std::move(state).value();
}

void ToyNote::Update(const UpdateRequest& request, UpdateResponse& response) {
  const Result<std::filesystem::path> path = PathOf(request.plan);
  if (!path.ok()) return response.diagnostics.AddError("Cannot write the note", path.error());
  response.state = request.plan;
  response.state.SetField("id", Value::String("note:" + request.plan.Get("name").StringOr("")));
  if (response.state.Get("module").is_unknown()) {
    response.state.SetField("module", request.provider_meta.Get("module_name"));
  }
  std::ofstream(*path) << EncodeJson(response.state).value();
}

void ToyNote::Delete(const DeleteRequest& request, DeleteResponse& response) {
  const Result<std::filesystem::path> path = PathOf(request.state);
  if (!path.ok()) return response.diagnostics.AddError("Cannot delete the note", path.error());
  std::filesystem::remove(*path);
}

void ToyNote::Import(const ImportRequest& request, ImportResponse& response) {
  const Value name = request.identity.is_null() ? Value::String(request.id) : request.identity.Get("name");
  if (name.StringOr("") == "later") response.deferred = DeferredReason::kAbsentPrerequisite;
  response.state = Value::Object({{"name", name}});
  response.private_state = "imported";
}

void ToyNote::Move(const MoveRequest& request, MoveResponse& response) {
  const bool builtin = request.provider_address == "terraform.io/builtin/terraform";
  Value name;
  if (request.type_name == "toy_file") name = request.state.Get("name");
  if (builtin && request.type_name == "terraform_data") name = request.state.Get("input").Get("value");
  if (name.is_null()) return;
  response.state = Value::Object({{"id", Value::String("note:" + name.StringOr(""))}, {"name", name}});
  if (name.StringOr("") == "leak") response.state.SetField("secret_wo", Value::String("leak"));
  if (name.StringOr("") == "unknown") response.state.SetField("id", Value::Unknown());
  response.private_state = request.private_state + ", moved";
}

}  // namespace podwright::sdk::testing
