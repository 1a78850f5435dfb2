// An object of the control plane as Terraform's values: what resources and data sources share.
//
// Threading: pure functions.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "kinds/registry.h"
#include "podwright/v1/control.pb.h"
#include "podwright/v1/object.pb.h"
#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"

namespace podwright::provider {

using Labels = std::map<std::string, std::string>;

// "workspace/name" in its parts; a name alone is one of `workspace`.
std::pair<std::string, std::string> SplitId(const std::string& id, const std::string& workspace);

v1::GetRequest GetRequestOf(const kinds::Kind& kind, const std::string& workspace, const std::string& name);

// Whether an answer is about the object that was asked for and can be understood: nothing else may reach a state.
Status CheckView(const kinds::Kind& kind, const std::string& workspace, const std::string& name,
                 const v1::ObjectView& view);

sdk::Attribute ComputedAttribute(std::string name, sdk::Type type, std::string description);

// Everything that is known of an object, as computed attributes, and its value. No write-only attributes.
std::vector<sdk::Attribute> ObjectAttributes(const kinds::Kind& kind);
sdk::Value ObjectValue(const kinds::Kind& kind, const v1::ObjectView& view);

// A map of texts; null and unknown values left out.
Labels LabelsOf(const sdk::Value& value);
sdk::Value LabelsValue(const Labels& labels);
// The provider's default labels with an object's own over them.
Labels EffectiveLabels(const Labels& defaults, const Labels& own);
// What of an object's labels is its own configuration's: not those that the defaults alone explain.
sdk::Value OwnLabels(const Labels& defaults, const Labels& effective, const sdk::Value& prior);

}  // namespace podwright::provider
