// What the provider answers to GetProviderSchema, without a process between.
#pragma once

#include "core/result.h"
#include "tfplugin/tfplugin6.pb.h"

namespace podwright::docgen {

Result<tfplugin6::GetProviderSchema::Response> ProviderSchema();

}  // namespace podwright::docgen
