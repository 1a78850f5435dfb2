// The provider's settings: each from its attribute, else its PODWRIGHT_… variable, else the CLI's context.
//
// Threading: pure, but for the reading of the context's file and of a CA's.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "client/context.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"

namespace podwright::provider {

struct ProviderSettings {
  client::Context context;  // endpoint, token, CA, workspace
  std::string stack;
  std::map<std::string, std::string> default_labels;
  bool bind_plans = false;
  std::chrono::milliseconds retry_for{120'000};  // so long a control plane that is away is tried again
};

sdk::Schema SettingsSchema();

// What the configuration alone can have wrong; unknown values are not looked at.
void ValidateSettings(const sdk::Value& config, sdk::Diagnostics& diagnostics);

// The settings whose values are not known yet, "`endpoint`, `token`"; empty: none.
std::string UnknownSettings(const sdk::Value& config);

// nullopt, with diagnostics, where something is missing or wrong. `config` is wholly known.
std::optional<ProviderSettings> ResolveSettings(const sdk::Value& config, const client::Environment& environment,
                                                sdk::Diagnostics& diagnostics);

}  // namespace podwright::provider
