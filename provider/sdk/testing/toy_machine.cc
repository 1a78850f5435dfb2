#include "provider/sdk/testing/toy_machine.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "provider/sdk/duration.h"
#include "provider/sdk/testing/toy_objects.h"
#include "provider/sdk/value/json.h"

namespace podwright::sdk::testing {
namespace {

std::filesystem::path FileOf(const std::filesystem::path& folder, const Value& state) {
  return folder / (state.Get("name").StringOr("") + ".machine");
}

void Resolve(Value& object, const char* name, Value value) {
  if (object.Get(name).is_unknown()) object.SetField(name, std::move(value));
}

// What the "server" makes of a plan: every unknown value gets one.
Value Made(Value plan) {
  Resolve(plan, "id", plan.Get("name"));
  Resolve(plan, "address", Value::String(plan.Get("size").StringOr("") == "large" ? "10.0.1.1" : "10.0.0.1"));
  Resolve(plan, "title", Value::String("?"));
  Value::Elements networks;
  for (Value network : plan.Get("network").elements()) {
    Resolve(network, "address", Value::String("192.168.0." + std::to_string(networks.size() + 1)));
    Value::Elements routes;
    for (Value route : network.Get("route").elements()) {
      Resolve(route, "metric", Value::Int(static_cast<std::int64_t>(routes.size())));
      routes.push_back(std::move(route));
    }
    network.SetField("route", Value::List(std::move(routes)));
    networks.push_back(std::move(network));
  }
  plan.SetField("network", Value::List(std::move(networks)));
  if (Value boot = plan.Get("boot"); boot.has_value()) {
    Resolve(boot, "seconds", Value::Int(7));
    plan.SetField("boot", std::move(boot));
  }
  Value meta = plan.Get("meta");
  Resolve(meta, "note", Value::String("made"));
  plan.SetField("meta", std::move(meta));
  return plan;
}

// The "server" spells durations its own way.
Value Respelt(const Value& duration) {
  const auto parsed = ParseDuration(duration.StringOr(""));
  return parsed.ok() ? Value::String(FormatDuration(*parsed)) : duration;
}

Value AsServer(Value state) {
  if (state.Get("pauses").has_value()) {
    Value::Elements pauses;
    for (const Value& pause : state.Get("pauses").elements()) pauses.push_back(Respelt(pause));
    state.SetField("pauses", Value::List(std::move(pauses)));
  }
  if (state.Get("windows").has_value()) {
    Value::Elements windows;
    for (Value window : state.Get("windows").elements()) {
      window.SetField("length", Respelt(window.Get("length")));
      windows.push_back(std::move(window));
    }
    state.SetField("windows", Value::Set(std::move(windows)));
  }
  return state;
}

}  // namespace

ToyMachine::ToyMachine(std::shared_ptr<ToyFolder> folder)
    : folder_(std::move(folder)), type_(ToyMachine::GetSchema().ImpliedType()) {}

Status ToyMachine::Store(const Value& state) const {
  PW_ASSIGN(const std::filesystem::path folder, folder_->Get());
  Value kept = AsServer(state);
  kept.RemoveField("timeouts");
  PW_ASSIGN(const std::string json, EncodeJson(kept));
  return WriteObject(FileOf(folder, state), json);
}

void ToyMachine::Create(const CreateRequest& request, CreateResponse& response) {
  const Value state = Made(request.plan);
  if (const Status stored = Store(state); !stored.ok()) {
    return response.diagnostics.AddError("Cannot make the machine", stored.error());
  }
  response.state = state;
  const auto wait = std::chrono::seconds(request.plan.Get("wait").Int64Or(0));
  if (wait.count() > 0 && request.cancellation.WaitFor(wait)) {
    response.diagnostics.AddError("Interrupted", "The machine is only half made.");
  }
}

void ToyMachine::Read(const ReadRequest& request, ReadResponse& response) {
  const Result<std::filesystem::path> folder = folder_->Get();
  if (!folder.ok()) return response.diagnostics.AddError("Cannot read the machine", folder.error());
  const Result<std::string> json = ReadObject(FileOf(*folder, request.state));
  if (!json.ok()) {
    response.state = Value::Null();
    return;
  }
  const Result<Value> object = ParseJson(*json);
  if (!object.ok()) return response.diagnostics.AddError("The machine is broken", object.error());
  Result<Value> state = Conform(*object, type_, ExtraAttributes::kRefuse, MissingAttributes::kNull);
  if (!state.ok()) return response.diagnostics.AddError("The machine is broken", state.error());
  response.state = std::move(state).value();
}

void ToyMachine::Update(const UpdateRequest& request, UpdateResponse& response) {
  Value state = Made(request.plan);
  if (const Status stored = Store(state); !stored.ok()) {
    return response.diagnostics.AddError("Cannot change the machine", stored.error());
  }
  response.state = std::move(state);
}

void ToyMachine::Delete(const DeleteRequest& request, DeleteResponse& response) {
  const Result<std::filesystem::path> folder = folder_->Get();
  if (!folder.ok()) return response.diagnostics.AddError("Cannot delete the machine", folder.error());
  std::filesystem::remove(FileOf(*folder, request.state));
}

void ToyMachine::Import(const ImportRequest& request, ImportResponse& response) {
  response.state = Value::Object({{"id", Value::String(request.id)}, {"name", Value::String(request.id)}});
}

void ToyMachines::Read(const ReadDataRequest& request, ReadDataResponse& response) {
  const Result<std::filesystem::path> folder = folder_->Get();
  if (!folder.ok()) return response.diagnostics.AddError("Cannot read the machines", folder.error());
  Value::Elements names;
  for (const auto& file : std::filesystem::directory_iterator(*folder)) {
    if (file.path().extension() != ".machine") continue;
    const Result<std::string> json = ReadObject(file.path());
    const Result<Value> object = json.ok() ? ParseJson(*json) : json.error();
    if (!object.ok()) return response.diagnostics.AddError("A machine is broken", object.error());
    const Value::Elements& filters = request.config.Get("filter").elements();
    const bool wanted = std::all_of(filters.begin(), filters.end(), [&](const Value& filter) {
      const Value::Elements& values = filter.Get("values").elements();
      const Value& label = object->Get("labels").Get(filter.Get("label").StringOr(""));
      return std::find(values.begin(), values.end(), label) != values.end();
    });
    if (wanted) names.push_back(object->Get("name"));
  }
  std::sort(names.begin(), names.end(), [](const Value& a, const Value& b) { return a.Compare(b) < 0; });
  response.state.SetField("names", Value::List(std::move(names)));
}

}  // namespace podwright::sdk::testing
