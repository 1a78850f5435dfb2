#include "provider/secret_ephemeral.h"

#include "core/digest.h"
#include "kinds/validate.h"
#include "provider/object_values.h"
#include "provider/sdk/value/json_text.h"

namespace podwright::provider {

namespace {

using sdk::Value;

sdk::Attribute Given(std::string name, sdk::Type type, std::string description) {
  sdk::Attribute attribute = ComputedAttribute(std::move(name), std::move(type), std::move(description));
  attribute.computed = false;
  attribute.optional = true;
  return attribute;
}

sdk::Attribute Secret(std::string name, std::string description) {
  sdk::Attribute attribute = ComputedAttribute(std::move(name), sdk::Type::String(), std::move(description));
  attribute.sensitive = true;
  return attribute;
}

}  // namespace

sdk::Schema SecretEphemeral::GetSchema() const {
  sdk::Schema schema;
  schema.description =
      "The value of a secret, for this run only: it is in no state and in no plan. The token needs the role "
      "`operator`, "
      "and the control plane's audit log notes each opening.";
  schema.attributes.push_back(Given("name", sdk::Type::String(), "The secret's name. This or `id`."));
  schema.attributes.push_back(Given(
      "id", sdk::Type::String(),
      "The secret's id. With the `id` of a `podwright_secret` that the same apply creates, the value is asked for "
      "after that."));
  sdk::Attribute version = Given("version", sdk::Type::Number(), "Which version. Default: the current one.");
  version.computed = true;
  schema.attributes.push_back(std::move(version));
  schema.attributes.push_back(Secret("value", "The value; null where it is not UTF-8, or the secret has parts."));
  schema.attributes.push_back(Secret("value_base64", "The value's bytes in Base64; null where the secret has parts."));
  sdk::Attribute parts = ComputedAttribute(
      "parts", sdk::Type::Map(sdk::Type::String()),
      "The parts by name, of a secret that has parts: `certificate`, `private_key`, `ca`. Null where it is one value; "
      "what is not UTF-8 is left out.");
  parts.sensitive = true;
  schema.attributes.push_back(std::move(parts));
  return schema;
}

void SecretEphemeral::Validate(const sdk::ValidateRequest& request, sdk::Diagnostics& diagnostics) {
  const Value& name = request.config.Get("name");
  const Value& id = request.config.Get("id");
  if (name.is_null() == id.is_null()) {
    diagnostics.AddError("Which secret?", "Exactly one of `name` and `id` has to be set.", "name");
  }
  if (name.has_value() && !kinds::IsValidName(name.StringOr(""))) {
    diagnostics.AddError("Wrong name", "\"" + name.StringOr("") + "\" is no name of a secret.", "name");
  }
  const Value& version = request.config.Get("version");
  if (version.has_value() && version.Int64Or(0) < 1) {
    diagnostics.AddError("Wrong version", "Versions are whole numbers from 1.", "version");
  }
}

void SecretEphemeral::Open(const sdk::OpenRequest& request, sdk::OpenResponse& response) {
  if (session_.backend == nullptr) {
    if (request.client.deferral_allowed) {
      response.deferred = sdk::DeferredReason::kProviderConfigUnknown;
      return;
    }
    response.diagnostics.AddError("The control plane is not known yet",
                                  "Of the provider's configuration " + session_.unknown + " is made by this apply.");
    return;
  }
  const Value& config = request.config;
  const auto [workspace, name] =
      SplitId(config.Get(config.Get("name").has_value() ? "name" : "id").StringOr(""), session_.workspace);
  v1::RevealSecretRequest reveal;
  reveal.set_workspace(workspace);
  reveal.set_name(name);
  reveal.set_version(config.Get("version").Int64Or(0));
  Result<v1::RevealedSecret> secret = session_.backend->RevealSecret(reveal, request.cancellation);
  if (!secret.ok()) {
    response.diagnostics.AddError("secret/" + name + ": cannot be opened", secret.error());
    return;
  }
  const bool other = secret->name() != name || (reveal.version() != 0 && secret->version() != reveal.version());
  if (other || secret->version() < 1) {
    response.diagnostics.AddError("secret/" + name + ": cannot be opened",
                                  "The control plane's answer is about something else.");
    return;
  }
  response.result = config;
  response.result.SetField("version", Value::Int(secret->version()));
  if (secret->parts_size() > 0) {
    Value::Fields parts;
    for (const auto& [part, text] : secret->parts()) {
      if (sdk::IsUtf8(text)) parts[part] = Value::String(text);
    }
    response.result.SetField("value", Value::Null());
    response.result.SetField("value_base64", Value::Null());
    response.result.SetField("parts", Value::Map(std::move(parts)));
    return;
  }
  response.result.SetField("parts", Value::Null());
  response.result.SetField("value", sdk::IsUtf8(secret->value()) ? Value::String(secret->value()) : Value::Null());
  response.result.SetField("value_base64", Value::String(Base64Encode(secret->value())));
}

}  // namespace podwright::provider
