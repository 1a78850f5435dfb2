// What a user of Terraform is told of plans and runs. Threading: pure, but for AwaitRun, which blocks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "podwright/v1/plan.pb.h"
#include "provider/backend.h"
#include "provider/sdk/cancellation.h"
#include "provider/sdk/diagnostics.h"

namespace podwright::provider {

// "none", "reload", …, "data_loss".
std::string DisruptionName(v1::Disruption disruption);
v1::Disruption WorstDisruption(const v1::Plan& plan);

// One line a server and object that is disturbed: "server/web-1: restart on web-1, about 2 s". Terraform collapses
// warnings with the same summary, so each says what it is about.
std::vector<std::string> DisruptionWarnings(const v1::Plan& plan);

// The ordered actions, a line each.
std::string ActionList(const v1::Plan& plan);

std::string HexDigest(const std::string& bytes);
Result<std::string> DigestBytes(const std::string& hex);

// Waits for the run and tells how it ended: an error diagnostic names action, server, cause and what was taken back.
// On cancellation the run goes on in the control plane, and the diagnostic names it.
void AwaitRun(Backend& backend, const std::string& workspace, const std::string& run, const std::string& title,
              const sdk::CancellationToken& cancellation, sdk::Diagnostics& diagnostics);

}  // namespace podwright::provider
