#include "provider/sdk/testing/toy_file.h"

#include <charconv>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "core/digest.h"
#include "provider/sdk/testing/toy_objects.h"
#include "provider/sdk/value/json.h"

namespace podwright::sdk::testing {
namespace {

void RequireDuration(const Value& value, const AttributePath& path, Diagnostics& diagnostics) {
  if (ToySeconds(value.StringOr("")) < 0) diagnostics.AddError("Not a duration", "Write it as 90s or 2m.", path);
}

std::vector<Attribute> NestedAttributes() {
  const Attribute owner{.name = "owner",
                        .nesting = Nesting::kSingle,
                        .attributes = {{.name = "name", .type = Type::String(), .required = true},
                                       {.name = "uid", .type = Type::Number(), .computed = true}},
                        .optional = true};
  const Attribute users{
      .name = "users",
      .nesting = Nesting::kMap,
      .attributes =
          {{.name = "roles", .type = Type::Set(Type::String()), .optional = true},
           {.name = "shell",
            .type = Type::String(),
            .optional = true,
            .computed = true,
            .default_value = Value::String("/bin/sh")},
           {.name = "password_wo", .type = Type::String(), .optional = true, .sensitive = true, .write_only = true},
           {.name = "token",
            .type = Type::String(),
            .computed = true,
            .sensitive = true,
            .use_state_for_unknown = true}},
      .optional = true};
  const Attribute rules{.name = "rules",
                        .nesting = Nesting::kList,
                        .attributes = {{.name = "port", .type = Type::Number(), .required = true},
                                       {.name = "note", .type = Type::String(), .computed = true}},
                        .optional = true};
  const Attribute labels{.name = "labels",
                         .nesting = Nesting::kSet,
                         .attributes = {{.name = "key", .type = Type::String(), .required = true},
                                        {.name = "value",
                                         .type = Type::String(),
                                         .optional = true,
                                         .computed = true,
                                         .default_value = Value::String("yes")}},
                         .optional = true};
  return {owner, users, rules, labels};
}

// What the "server" makes of a plan: every unknown value gets one.
Value Resolve(Value plan) {
  const auto resolve = [](Value& object, const char* name, Value value) {
    if (object.Get(name).is_unknown()) object.SetField(name, std::move(value));
  };
  const std::string content = plan.Get("content").StringOr("");
  resolve(plan, "id", plan.Get("name"));
  resolve(plan, "size", Value::Int(static_cast<std::int64_t>(content.size())));
  resolve(plan, "digest", Value::String(Sha256(content).Hex()));
  if (Value owner = plan.Get("owner"); owner.has_value()) {
    resolve(owner, "uid", Value::Int(1000));
    plan.SetField("owner", owner);
  }
  Value::Fields users;
  for (const auto& [name, user] : plan.Get("users").fields()) {
    Value resolved = user;
    resolve(resolved, "token", Value::String("token-" + name));
    users.emplace(name, std::move(resolved));
  }
  if (plan.Get("users").has_value()) plan.SetField("users", Value::Map(std::move(users)));
  Value::Elements rules;
  for (const Value& rule : plan.Get("rules").elements()) {
    Value resolved = rule;
    resolve(resolved, "note", Value::String("rule " + std::to_string(rules.size())));
    rules.push_back(std::move(resolved));
  }
  if (plan.Get("rules").has_value()) plan.SetField("rules", Value::List(std::move(rules)));
  return plan;
}

void Wait(const Value& plan, const CancellationToken& cancellation, Diagnostics& diagnostics) {
  const std::int64_t seconds = plan.Get("wait").Int64Or(0);
  if (seconds > 0 && cancellation.WaitFor(std::chrono::seconds(seconds))) {
    diagnostics.AddError("Interrupted", "The host asked to stop while the object was being made.");
  }
}

bool Fails(const Value& plan, const char* operation) {
  return plan.Get("fail").StringOr("") == operation;
}

}  // namespace

std::int64_t ToySeconds(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(end, text.data() + text.size());
  if (error != std::errc() || (unit != "s" && unit != "m")) return -1;
  return unit == "m" ? number * 60 : number;
}

ToyFile::ToyFile(std::shared_ptr<ToyFolder> folder)
    : folder_(std::move(folder)), type_(ToyFile::GetSchema().ImpliedType()) {}

Schema ToyFile::GetSchema() const {
  Schema schema;
  schema.version = 1;
  schema.description = "An object in a file.";
  schema.attributes = {
      {.name = "id", .type = Type::String(), .computed = true, .use_state_for_unknown = true},
      {.name = "name", .type = Type::String(), .required = true, .requires_replace = true},
      {.name = "content", .type = Type::String(), .optional = true, .description = "What is in it."},
      {.name = "size", .type = Type::Number(), .computed = true},
      {.name = "digest", .type = Type::String(), .computed = true},
      {.name = "ttl", .type = Type::String(), .optional = true, .validators = {RequireDuration}},
      {.name = "mode",
       .type = Type::String(),
       .optional = true,
       .computed = true,
       .default_value = Value::String("0644")},
      {.name = "ratio", .type = Type::Number(), .optional = true},
      {.name = "enabled", .type = Type::Bool(), .optional = true},
      {.name = "tags", .type = Type::Map(Type::String()), .optional = true},
      {.name = "numbers", .type = Type::List(Type::Number()), .optional = true},
      {.name = "ports", .type = Type::Set(Type::Number()), .optional = true},
      {.name = "anything", .type = Type::Dynamic(), .optional = true},
      {.name = "old", .type = Type::String(), .optional = true, .deprecation = "Use content."},
      {.name = "secret_wo", .type = Type::String(), .optional = true, .sensitive = true, .write_only = true},
      {.name = "secret_wo_version", .type = Type::Number(), .optional = true},
      {.name = "fail", .type = Type::String(), .optional = true},
      {.name = "wait", .type = Type::Number(), .optional = true},
  };
  for (Attribute& nested : NestedAttributes()) schema.attributes.push_back(std::move(nested));
  return schema;
}

Status ToyFile::Store(const Value& state, const Value& config) const {
  PW_ASSIGN(const std::filesystem::path folder, folder_->Get());
  PW_ASSIGN(const std::string json, EncodeJson(state));
  const std::string name = state.Get("name").StringOr("");
  PW_TRY(WriteObject(folder / (name + ".json"), json));
  if (const std::string* secret = config.Get("secret_wo").AsString()) {
    PW_TRY(WriteObject(folder / (name + ".secret"), *secret));
  }
  return Ok();
}

void ToyFile::Create(const CreateRequest& request, CreateResponse& response) {
  const Value state = Resolve(request.plan);
  if (const Status stored = Store(state, request.config); !stored.ok()) {
    response.diagnostics.AddError("Cannot create the file", stored.error());
    return;
  }
  response.state = request.plan;  // it exists from here on
  response.private_state = "made by toy";
  if (Fails(request.plan, "create")) {
    response.diagnostics.AddError("The create failed", "Half of it is there.", "fail");
    return;
  }
  if (Fails(request.plan, "throw")) throw std::runtime_error("the toy is broken");
  if (Fails(request.plan, "crash")) std::terminate();
  Wait(request.plan, request.cancellation, response.diagnostics);
  response.state = state;
}

void ToyFile::Read(const ReadRequest& request, ReadResponse& response) {
  const Result<std::filesystem::path> folder = folder_->Get();
  if (!folder.ok()) return response.diagnostics.AddError("Cannot read the file", folder.error());
  const Result<std::string> json = ReadObject(*folder / (request.state.Get("name").StringOr("") + ".json"));
  if (!json.ok()) {
    response.state = Value::Null();
    return;
  }
  Result<Value> state = DecodeJson(*json, type_);
  if (!state.ok()) return response.diagnostics.AddError("The file is broken", state.error());
  response.state = std::move(state).value();
}

void ToyFile::Update(const UpdateRequest& request, UpdateResponse& response) {
  if (request.private_state != "made by toy" && request.private_state != "imported") {
    return response.diagnostics.AddError("Private state lost", "It is not what create left.");
  }
  if (Fails(request.plan, "update")) {
    return response.diagnostics.AddError("The update failed", "Nothing was changed.", "fail");
  }
  Value state = Resolve(request.plan);
  if (const Status stored = Store(state, request.config); !stored.ok()) {
    return response.diagnostics.AddError("Cannot update the file", stored.error());
  }
  response.state = std::move(state);
}

void ToyFile::Delete(const DeleteRequest& request, DeleteResponse& response) {
  if (Fails(request.state, "delete")) {
    return response.diagnostics.AddError("The delete failed", "It is still there.");
  }
  const Result<std::filesystem::path> folder = folder_->Get();
  if (!folder.ok()) return response.diagnostics.AddError("Cannot delete the file", folder.error());
  const std::string name = request.state.Get("name").StringOr("");
  std::filesystem::remove(*folder / (name + ".json"));
  std::filesystem::remove(*folder / (name + ".secret"));
}

void ToyFile::Import(const ImportRequest& request, ImportResponse& response) {
  response.state = Value::Object({{"id", Value::String(request.id)}, {"name", Value::String(request.id)}});
  response.private_state = "imported";
}

void ToyFile::ModifyPlan(const ModifyPlanRequest& request, ModifyPlanResponse& response) {
  if (request.plan.is_null()) {
    if (request.state.Get("enabled").BoolOr(false)) {
      response.diagnostics.AddWarning("An enabled file goes",
                                      "Its readers will miss " + request.state.Get("name").StringOr("") + ".");
    }
    return;
  }
  // What is known beforehand is promised beforehand.
  if (response.plan.Get("size").is_unknown() && !request.plan.Get("content").is_unknown()) {
    response.plan.SetField("size",
                           Value::Int(static_cast<std::int64_t>(request.plan.Get("content").StringOr("").size())));
  }
}

void ToyFile::Validate(const ValidateRequest& request, Diagnostics& diagnostics) {
  if (request.config.Get("name").StringOr("x").find('/') != std::string::npos) {
    diagnostics.AddError("A bad name", "Names have no slashes.", "name");
  }
}

void ToyFile::Upgrade(const UpgradeRequest& request, UpgradeResponse& response) {
  // Version 0 called the content "text".
  response.state.SetField("content", request.state.Get("text"));
  response.state.RemoveField("text");
}

bool ToyFile::SemanticallyEqual(const AttributePath& path, const Value& a, const Value& b) const {
  return path == AttributePath("ttl") && ToySeconds(a.StringOr("")) == ToySeconds(b.StringOr(""));
}

Schema ToyFileData::GetSchema() const {
  Schema schema;
  schema.description = "Reads an object.";
  schema.attributes = {{.name = "name", .type = Type::String(), .required = true},
                       {.name = "content", .type = Type::String(), .computed = true},
                       {.name = "size", .type = Type::Number(), .computed = true}};
  return schema;
}

void ToyFileData::Read(const ReadDataRequest& request, ReadDataResponse& response) {
  const Result<std::filesystem::path> folder = folder_->Get();
  if (!folder.ok()) return response.diagnostics.AddError("Cannot read the file", folder.error());
  const Result<std::string> json = ReadObject(*folder / (request.config.Get("name").StringOr("") + ".json"));
  if (!json.ok()) return response.diagnostics.AddError("No such file", json.error(), "name");
  const Result<Value> object = ParseJson(*json);
  if (!object.ok()) return response.diagnostics.AddError("The file is broken", object.error());
  response.state.SetField("content", object->Get("content"));
  response.state.SetField("size", object->Get("size"));
}

}  // namespace podwright::sdk::testing
