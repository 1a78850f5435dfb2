#include "provider/podwright_provider.h"

#include <optional>

#include "kinds/validate.h"
#include "provider/kind_data_source.h"
#include "provider/kind_resource.h"

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

std::optional<std::string> Text(const sdk::Value& value) {
  const std::string* text = value.AsString();
  return text == nullptr ? std::nullopt : std::optional<std::string>(*text);
}

}  // namespace

sdk::Schema PodwrightProvider::ProviderSchema() {
  sdk::Schema schema;
  schema.description =
      "Declares servers and what runs on them. Endpoint, token and CA come from the attributes, else from "
      "`PODWRIGHT_ENDPOINT`, "
      "`PODWRIGHT_TOKEN`, `PODWRIGHT_CA_FILE` …, else from the CLI's current context.";
  schema.attributes.push_back(Setting("stack",
                                      "Names the owner of everything that is declared here: `tofu:<stack>`. Two stacks "
                                      "never own the same object. Required here or as `PODWRIGHT_STACK`."));
  schema.attributes.push_back(
      Setting("endpoint", "Host and port of the control plane's API. Default: 127.0.0.1:7440."));
  schema.attributes.push_back(Setting("token", "An API token with the role `operator`."));
  schema.attributes.back().sensitive = true;
  schema.attributes.push_back(Setting("ca", "The control plane's CA certificate, PEM."));
  schema.attributes.push_back(Setting("ca_file", "A file with the control plane's CA certificate."));
  schema.attributes.push_back(Setting("ca_fingerprint",
                                      "SHA-256 of the CA's certificate, in hexadecimal: the certificate is then "
                                      "fetched and compared."));
  schema.attributes.push_back(Setting("context", "A context of the CLI other than the current one."));
  schema.attributes.push_back(Setting("workspace", "The workspace of the objects. Default: `default`."));
  sdk::Attribute bind = Setting("bind_plans",
                                "Puts the digest of each object's action list into the plan, so that core refuses a "
                                "saved plan whose actions have changed. Default: false.");
  bind.type = sdk::Type::Bool();
  schema.attributes.push_back(std::move(bind));
  return schema;
}

void PodwrightProvider::Configure(const sdk::ConfigureRequest& request, sdk::ConfigureResponse& response) {
  if (!request.config.IsWhollyKnown()) return;  // resources then plan without a preview
  const sdk::Value& config = request.config;
  std::optional<std::string> stack = Text(config.Get("stack"));
  if (!stack) stack = environment_("PODWRIGHT_STACK");
  if (!stack) {
    response.diagnostics.AddError(
        "No stack",
        "Set `stack` in the provider block, or PODWRIGHT_STACK: it names the owner of what is "
        "declared here, and Terraform tells providers nothing that could stand for it.",
        "stack");
    return;
  }
  if (!kinds::IsValidName(*stack)) {
    response.diagnostics.AddError(
        "Wrong stack", "\"" + *stack + "\": a lower-case letter, then letters, digits and hyphens, at most 63.",
        "stack");
    return;
  }
  client::Settings settings;
  settings.context = Text(config.Get("context"));
  settings.endpoint = Text(config.Get("endpoint"));
  settings.token = Text(config.Get("token"));
  settings.ca_pem = Text(config.Get("ca"));
  settings.ca_file = Text(config.Get("ca_file"));
  settings.ca_fingerprint = Text(config.Get("ca_fingerprint"));
  settings.workspace = Text(config.Get("workspace"));
  const Result<client::Context> context = client::ResolveContext(settings, environment_);
  if (!context.ok()) {
    response.diagnostics.AddError("No control plane", context.error());
    return;
  }
  const std::string tool = request.terraform_version.empty() ? "" : " core/" + request.terraform_version;
  Result<std::unique_ptr<Backend>> backend = connector_(*context, "terraform-provider-podwright/" + version_ + tool);
  if (!backend.ok()) {
    response.diagnostics.AddError("No connection to the control plane", backend.error());
    return;
  }
  backend_ = std::move(*backend);
  session_.backend = backend_.get();
  session_.owner = "tofu:" + *stack;
  session_.workspace = context->workspace;
  session_.bind_plans = config.Get("bind_plans").BoolOr(false);
}

std::vector<std::unique_ptr<sdk::Resource>> PodwrightProvider::Resources() {
  std::vector<std::unique_ptr<sdk::Resource>> resources;
  for (const kinds::Kind* kind : kinds_.All()) resources.push_back(std::make_unique<KindResource>(*kind, session_));
  return resources;
}

std::vector<std::unique_ptr<sdk::DataSource>> PodwrightProvider::DataSources() {
  std::vector<std::unique_ptr<sdk::DataSource>> sources;
  for (const kinds::Kind* kind : kinds_.All()) sources.push_back(std::make_unique<KindDataSource>(*kind, session_));
  return sources;
}

}  // namespace podwright::provider
