#include "cli/tofu_plan.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "cli/tofu_values.h"
#include "kinds/registry.h"

namespace podwright::cli {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kTypePrefix = "podwright_";
constexpr int kDeepest = 256;
constexpr char kHowTo[] = "make it with `tofu plan -out=plan.bin` and `tofu show -json plan.bin` (or terraform)";

std::string Text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

Error NotAPlan(const std::string& what) {
  return InvalidArgument("this is not a saved plan as JSON: " + what + "; " + kHowTo);
}

// What somebody gave instead, as far as the first bytes tell.
Result<Json> Parse(std::string_view text) {
  if (text.starts_with("PK")) return NotAPlan("it is the saved plan itself");
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return NotAPlan("it is empty");
  bool too_deep = false;
  const auto watch = [&too_deep](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kDeepest;
    return !too_deep;
  };
  Json root = Json::parse(text, watch, false);
  if (too_deep) return NotAPlan("it is nested too deeply");
  if (root.is_discarded()) {
    const bool lines = text.starts_with("{\"@level\"");
    return NotAPlan(lines ? "it is the log that `plan -json` writes" : "it is not JSON, or not all of it");
  }
  if (!root.is_object()) return NotAPlan("it is not an object");
  if (root.contains("@level")) return NotAPlan("it is the log that `plan -json` writes");
  return root;
}

Status CheckForm(const Json& root) {
  const std::string version = Text(Member(root, "format_version"));
  if (version.empty()) return NotAPlan("it has no format_version");
  if (!Member(root, "resource_changes").is_array() && !Member(root, "planned_values").is_object()) {
    return NotAPlan(Member(root, "values").is_object() || Member(root, "provider_schemas").is_object()
                        ? "it is a state, or the providers' schemas"
                        : "it has no resource_changes");
  }
  if (!version.starts_with("1.")) {
    return InvalidArgument("the plan has the format version " + version +
                           ", and this program reads 1.x: use a newer podwright");
  }
  if (const Json& errored = Member(root, "errored"); errored.is_boolean() && errored.get<bool>()) {
    return FailedPrecondition("planning ended with an error, so the plan is incomplete: repair that first");
  }
  return Ok();
}

struct Provider {
  std::optional<std::string> stack;
  std::string workspace;
};

// The provider blocks and the resources of the plan's configuration.
class Configuration {
 public:
  explicit Configuration(const Json& root) {
    for (const auto& [key, block] : Member(Member(root, "configuration"), "provider_config").items()) {
      if (Text(Member(block, "name")) != "podwright") continue;
      const Json& expressions = Member(block, "expressions");
      Provider provider;
      provider.stack = Value(root, Member(expressions, "stack"));
      provider.workspace = Value(root, Member(expressions, "workspace")).value_or("");
      providers_[key] = provider;
    }
    AddModule(Member(Member(root, "configuration"), "root_module"), "");
  }

  // Of the resource with this address, indexes or not. One that is not in the configuration any more belonged to
  // the only provider block, or to the one without an alias.
  Provider ProviderOf(const std::string& address) const {
    const Json* resource = Find(address);
    const std::string key = resource == nullptr ? "podwright" : Text(Member(*resource, "provider_config_key"));
    if (const auto it = providers_.find(key); it != providers_.end()) return it->second;
    return providers_.size() == 1 ? providers_.begin()->second : Provider{};
  }

  const Json& ExpressionsOf(const std::string& address) const {
    static const Json kNothing;
    const Json* resource = Find(address);
    return resource == nullptr ? kNothing : Member(*resource, "expressions");
  }

 private:
  // A constant, or a variable of the root module; nothing for what is computed otherwise.
  static std::optional<std::string> Value(const Json& root, const Json& expression) {
    if (const Json& constant = Member(expression, "constant_value"); constant.is_string()) return Text(constant);
    const Json& references = Member(expression, "references");
    if (!references.is_array() || references.size() != 1) return std::nullopt;
    const std::string name = Text(references.front());
    if (!name.starts_with("var.")) return std::nullopt;
    const Json& value = Member(Member(Member(root, "variables"), name.substr(4)), "value");
    return value.is_string() ? std::optional(Text(value)) : std::nullopt;
  }

  void AddModule(const Json& module, const std::string& prefix) {
    if (const Json& resources = Member(module, "resources"); resources.is_array()) {
      for (const Json& resource : resources) resources_[prefix + Text(Member(resource, "address"))] = &resource;
    }
    for (const auto& [name, call] : Member(module, "module_calls").items()) {
      AddModule(Member(call, "module"), prefix + "module." + name + ".");
    }
  }

  const Json* Find(const std::string& address) const {
    const auto it = resources_.find(WithoutIndexes(address));
    return it == resources_.end() ? nullptr : it->second;
  }

  // `module.a["x"].podwright_server.web[0]` is configured as `module.a.podwright_server.web`.
  static std::string WithoutIndexes(const std::string& address) {
    std::string out;
    bool inside = false;
    bool quoted = false;
    for (std::size_t i = 0; i < address.size(); ++i) {
      const char c = address[i];
      if (quoted && c == '\\') {
        ++i;
      } else if (inside && c == '"') {
        quoted = !quoted;
      } else if (!quoted && (c == '[' || c == ']')) {
        inside = c == '[';
      } else if (!inside) {
        out += c;
      }
    }
    return out;
  }

  std::map<std::string, Provider> providers_;
  std::map<std::string, const Json*> resources_;  // into the plan
};

std::set<std::string> Actions(const Json& change) {
  std::set<std::string> actions;
  if (const Json& list = Member(change, "actions"); list.is_array()) {
    for (const Json& action : list) actions.insert(Text(action));
  }
  return actions;
}

std::string ChangeWord(const std::set<std::string>& actions) {
  if (actions.contains("delete")) return actions.contains("create") ? "replace" : "delete";
  if (actions.contains("create")) return "create";
  return actions.contains("update") ? "update" : "";
}

void SetLabels(const Json& labels, v1::DesiredObject* object) {
  if (!labels.is_object()) return;
  for (const auto& [key, value] : labels.items()) {
    if (value.is_string()) (*object->mutable_labels())[key] = Text(value);
  }
}

class Builder {
 public:
  Builder(const kinds::Registry& registry, const Json& root, const TofuPlanOptions& options)
      : registry_(registry), configuration_(root), options_(options) {}

  Status Add(const Json& resource) {
    const std::string type = Text(Member(resource, "type"));
    if (Text(Member(resource, "mode")) != "managed" || !type.starts_with(kTypePrefix)) return Ok();
    const std::string address = Text(Member(resource, "address"));
    const Json& change = Member(resource, "change");
    const std::string word = ChangeWord(Actions(change));
    ++seen_;
    const kinds::Kind* kind = registry_.Find(type.substr(kTypePrefix.size()));
    if (kind == nullptr) {
      return InvalidArgument(address + ": this program knows no kind for " + type +
                             "; the provider may be newer: use a podwright of its release");
    }
    if (word.empty()) {
      ++unchanged_;
      return Ok();
    }
    PW_ASSIGN(TofuStack * stack, StackOf(address, change));
    PlannedResource planned{address, {}, word};
    planned.object.set_kind(kind->name());
    const bool goes = word == "delete" || word == "replace";
    planned.object.set_name(Text(Member(Member(change, goes ? "before" : "after"), "name")));
    Status status = Ok();
    if (goes) {
      *stack->request.add_deletes() = planned.object;
      if (word == "replace") {
        stack->unbound.push_back({address, "it is deleted and created again; the creation is planned when it is gone"});
      }
    } else {
      status = Put(*kind, address, change, stack);
    }
    stack->resources.push_back(std::move(planned));
    return status;
  }

  Result<TofuPlan> Finish(const Json& root) {
    if (seen_ == 0) return InvalidArgument("the plan has no podwright_* resources");
    TofuPlan plan;
    plan.tool_version = Text(Member(root, "terraform_version"));
    plan.unchanged = unchanged_;
    for (auto& [key, stack] : stacks_) plan.stacks.push_back(std::move(stack));
    return plan;
  }

 private:
  Status Put(const kinds::Kind& kind, const std::string& address, const Json& change, TofuStack* stack) {
    const Json& after = Member(change, "after");
    const Json& unknown = Member(change, "after_unknown");
    Result<SpecOfValues> read = SpecFromValues(kind, after, unknown, configuration_.ExpressionsOf(address));
    if (!read.ok()) return read.error().Wrap(address);
    for (const char* name : {"name", "labels"}) {
      if (AnyUnknown(Member(unknown, name))) read->unknown.emplace_back(name);
    }
    for (const std::string& attribute : read->unwatched) {
      stack->unbound.push_back({address, attribute + " is not in the plan, and no version says whether it changed"});
    }
    for (const std::string& attribute : read->unknown) {
      stack->unbound.push_back({address, attribute + " is known only after apply"});
    }
    // A part of an object would be planned as if the rest were to be taken away.
    if (!read->unknown.empty()) return Ok();
    v1::DesiredObject& put = *stack->request.add_puts();
    put.set_kind(kind.name());
    put.set_name(Text(Member(after, "name")));
    put.set_schema_revision(kind.schema_revision());
    SetLabels(Member(after, "labels"), &put);
    put.set_spec(read->spec->SerializeAsString());
    return Ok();
  }

  Result<TofuStack*> StackOf(const std::string& address, const Json& change) {
    const Provider provider = configuration_.ProviderOf(address);
    const std::optional<std::string>& name = provider.stack ? provider.stack : options_.stack;
    if (!name) {
      return InvalidArgument(address +
                             ": the plan does not say the stack of its provider; pass --stack or set PODWRIGHT_STACK");
    }
    // "workspace/name" of what is there already.
    const std::string id = Text(Member(Member(change, "before"), "id"));
    const std::string workspace = id.find('/') == std::string::npos ? provider.workspace : id.substr(0, id.find('/'));
    TofuStack& stack = stacks_[{*name, workspace}];
    stack.stack = *name;
    stack.request.set_owner("tofu:" + *name);
    stack.request.set_workspace(workspace);
    stack.request.set_allow_dangling(true);
    return &stack;
  }

  const kinds::Registry& registry_;
  const Configuration configuration_;
  const TofuPlanOptions& options_;
  std::map<std::pair<std::string, std::string>, TofuStack> stacks_;
  int seen_ = 0;
  int unchanged_ = 0;
};

}  // namespace

Result<TofuPlan> ReadTofuPlan(const kinds::Registry& registry, std::string_view json, const TofuPlanOptions& options) {
  PW_ASSIGN(const Json root, Parse(json));
  PW_TRY(CheckForm(root));
  Builder builder(registry, root, options);
  for (const Json& resource : Member(root, "resource_changes")) PW_TRY(builder.Add(resource));
  return builder.Finish(root);
}

}  // namespace podwright::cli
