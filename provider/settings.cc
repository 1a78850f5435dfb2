#include "provider/settings.h"

#include <algorithm>

#include "kinds/text.h"
#include "kinds/validate.h"
#include "provider/object_values.h"

namespace podwright::provider {

namespace {

sdk::Attribute Setting(std::string name, std::string description) {
  sdk::Attribute attribute;
  attribute.name = std::move(name);
  attribute.type = sdk::Type::String();
  attribute.optional = true;
  attribute.description = std::move(description);
  return attribute;
}

// An empty text is what a variable without a value gives: it counts as unset.
std::optional<std::string> Text(const sdk::Value& value) {
  const std::string* text = value.AsString();
  return text == nullptr || text->empty() ? std::nullopt : std::optional<std::string>(*text);
}

// "team=shop,tier=web".
Result<Labels> ParseLabels(const std::string& text) {
  Labels labels;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const std::string term = text.substr(at, comma - at);
    const std::size_t equals = term.find('=');
    if (equals == std::string::npos || equals == 0) {
      return InvalidArgument("\"" + term + "\" is no label: write KEY=VALUE,KEY=VALUE");
    }
    labels[term.substr(0, equals)] = term.substr(equals + 1);
    at = comma + 1;
  }
  return labels;
}

void AddAll(const kinds::Diagnostics& from, const std::string& summary, const sdk::AttributePath& path,
            sdk::Diagnostics& to) {
  for (const kinds::Diagnostic& item : from) {
    to.AddError(summary, item.suggestion.empty() ? item.message : item.message + "; " + item.suggestion, path);
  }
}

void CheckName(const std::optional<std::string>& name, const std::string& setting, sdk::Diagnostics& diagnostics) {
  if (name && !kinds::IsValidName(*name)) {
    diagnostics.AddError("Wrong " + setting,
                         "\"" + *name + "\": a lower-case letter, then letters, digits and hyphens, at most 63.",
                         setting);
  }
}

void CheckFingerprint(const std::optional<std::string>& fingerprint, sdk::Diagnostics& diagnostics) {
  if (!fingerprint) return;
  std::size_t digits = 0;
  bool wrong = false;
  for (const char c : *fingerprint) {
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (hex) ++digits;
    wrong = wrong || (!hex && c != ':');
  }
  if (wrong || digits != 64) {
    diagnostics.AddError("Wrong ca_fingerprint", "A SHA-256 has 64 hexadecimal digits; colons between them may stand.",
                         "ca_fingerprint");
  }
}

std::optional<std::chrono::milliseconds> Duration(const std::string& text, sdk::Diagnostics& diagnostics) {
  const auto millis = kinds::ParseDuration(text);
  if (!millis.ok()) {
    diagnostics.AddError("Wrong retry_for", millis.error().message(), "retry_for");
    return std::nullopt;
  }
  return std::chrono::milliseconds(*millis);
}

// A bool from a variable.
std::optional<bool> Flag(const std::string& text, sdk::Diagnostics& diagnostics) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  diagnostics.AddError("Wrong PODWRIGHT_BIND_PLANS", "\"" + text + "\" is neither `true` nor `false`.", "bind_plans");
  return std::nullopt;
}

client::Settings ConnectionSettings(const sdk::Value& config) {
  client::Settings settings;
  settings.context = Text(config.Get("context"));
  settings.endpoint = Text(config.Get("endpoint"));
  settings.token = Text(config.Get("token"));
  settings.ca_pem = Text(config.Get("ca"));
  settings.ca_file = Text(config.Get("ca_file"));
  settings.ca_fingerprint = Text(config.Get("ca_fingerprint"));
  settings.workspace = Text(config.Get("workspace"));
  return settings;
}

void ResolveLabels(const sdk::Value& config, const client::Environment& environment, ProviderSettings& settings,
                   sdk::Diagnostics& diagnostics) {
  settings.default_labels = settings.context.default_labels;
  if (const auto text = environment("PODWRIGHT_DEFAULT_LABELS")) {
    Result<Labels> labels = ParseLabels(*text);
    if (!labels.ok()) {
      diagnostics.AddError("Wrong PODWRIGHT_DEFAULT_LABELS", labels.error().message(), "default_labels");
      return;
    }
    settings.default_labels = std::move(*labels);
  }
  if (config.Get("default_labels").has_value()) settings.default_labels = LabelsOf(config.Get("default_labels"));
  AddAll(kinds::ValidateLabels(settings.default_labels), "Wrong default_labels", "default_labels", diagnostics);
}

}  // namespace

sdk::Schema SettingsSchema() {
  sdk::Schema schema;
  schema.description =
      "Declares servers and what runs on them. Every setting comes from its attribute, else from its variable "
      "(`PODWRIGHT_ENDPOINT`, `PODWRIGHT_TOKEN`, …), else from the CLI's current context.";
  const auto add = [&](const char* name, const char* description) -> sdk::Attribute& {
    schema.attributes.push_back(Setting(name, description));
    return schema.attributes.back();
  };
  add("stack",
      "Names the owner of everything that is declared here: `tofu:<stack>`. Two stacks never own the same object. "
      "Required here, as `PODWRIGHT_STACK` or as `stack` of the context.");
  add("endpoint",
      "Host and port of the control plane's API. Variable: `PODWRIGHT_ENDPOINT`. Default: `127.0.0.1:7440`.");
  add("token", "An API token with the role `operator`. Variable: `PODWRIGHT_TOKEN`.").sensitive = true;
  add("ca", "The control plane's CA certificate, PEM. Variable: `PODWRIGHT_CA`.");
  add("ca_file", "A file with the control plane's CA certificate. Variable: `PODWRIGHT_CA_FILE`.");
  add("ca_fingerprint",
      "SHA-256 of the CA's certificate, in hexadecimal: the certificate is then fetched and compared. Variable: "
      "`PODWRIGHT_CA_FINGERPRINT`.");
  add("context", "A context of the CLI other than the current one. Variable: `PODWRIGHT_CONTEXT`.");
  add("workspace", "The workspace of the objects. Variable: `PODWRIGHT_WORKSPACE`. Default: `default`.");
  add("default_labels",
      "Labels of every object that is declared here; an object's own `labels` win. Variable: "
      "`PODWRIGHT_DEFAULT_LABELS` (`team=shop,tier=web`).")
      .type = sdk::Type::Map(sdk::Type::String());
  add("bind_plans",
      "Puts the digest of each object's action list into the plan, so that core refuses a saved plan whose actions "
      "have changed. Variable: `PODWRIGHT_BIND_PLANS`. Default: false.")
      .type = sdk::Type::Bool();
  add("retry_for",
      "How long a control plane that is away is tried again, `30s` or `5m`. Only what is safe to repeat is repeated. "
      "Variable: `PODWRIGHT_RETRY_FOR`. Default: `2m`.");
  return schema;
}

void ValidateSettings(const sdk::Value& config, sdk::Diagnostics& diagnostics) {
  CheckName(Text(config.Get("stack")), "stack", diagnostics);
  CheckName(Text(config.Get("workspace")), "workspace", diagnostics);
  CheckFingerprint(Text(config.Get("ca_fingerprint")), diagnostics);
  if (const auto endpoint = Text(config.Get("endpoint"))) {
    if (const auto normal = client::NormalizeEndpoint(*endpoint); !normal.ok()) {
      diagnostics.AddError("Wrong endpoint", normal.error().message(), "endpoint");
    }
  }
  if (const auto text = Text(config.Get("retry_for"))) static_cast<void>(Duration(*text, diagnostics));
  if (Text(config.Get("ca")) && Text(config.Get("ca_file"))) {
    diagnostics.AddError("Two CAs", "Set `ca` or `ca_file`, not both.", "ca_file");
  }
  if (config.Get("default_labels").IsWhollyKnown()) {
    AddAll(kinds::ValidateLabels(LabelsOf(config.Get("default_labels"))), "Wrong default_labels", "default_labels",
           diagnostics);
  }
}

std::string UnknownSettings(const sdk::Value& config) {
  std::string names;
  for (const auto& [name, value] : config.fields()) {
    if (!value.IsWhollyKnown()) names += (names.empty() ? "`" : ", `") + name + "`";
  }
  return names;
}

std::optional<ProviderSettings> ResolveSettings(const sdk::Value& config, const client::Environment& environment,
                                                sdk::Diagnostics& diagnostics) {
  ProviderSettings settings;
  Result<client::Context> context = client::ResolveContext(ConnectionSettings(config), environment);
  if (!context.ok()) {
    diagnostics.AddError("No control plane", context.error().message());
    return std::nullopt;
  }
  settings.context = std::move(*context);
  CheckName(settings.context.workspace, "workspace", diagnostics);

  std::optional<std::string> stack = Text(config.Get("stack"));
  if (!stack) stack = environment("PODWRIGHT_STACK");
  if (!stack && !settings.context.stack.empty()) stack = settings.context.stack;
  if (!stack) {
    diagnostics.AddError("No stack",
                         "Set `stack` in the provider block, or PODWRIGHT_STACK: it names the owner of what is "
                         "declared here, and Terraform tells providers nothing that could stand for it.",
                         "stack");
    return std::nullopt;
  }
  CheckName(stack, "stack", diagnostics);
  settings.stack = std::move(*stack);

  ResolveLabels(config, environment, settings, diagnostics);
  if (const auto flag = environment("PODWRIGHT_BIND_PLANS")) {
    settings.bind_plans = Flag(*flag, diagnostics).value_or(false);
  }
  settings.bind_plans = config.Get("bind_plans").BoolOr(settings.bind_plans);
  std::optional<std::string> retry_for = Text(config.Get("retry_for"));
  if (!retry_for) retry_for = environment("PODWRIGHT_RETRY_FOR");
  if (retry_for) settings.retry_for = Duration(*retry_for, diagnostics).value_or(settings.retry_for);
  if (diagnostics.HasError()) return std::nullopt;
  return settings;
}

}  // namespace podwright::provider
