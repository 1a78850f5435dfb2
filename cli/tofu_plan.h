// A saved plan of OpenTofu or Terraform, as `show -json` writes it, made into requests to the control plane.
//
// What an apply of the plan would ask for, one request a stack: what the plan creates or updates are puts, what
// it destroys are deletes, what it leaves alone is not there. Values that are known only after apply, and what
// else keeps a stack's action list from being final, are reasons why it cannot be bound. Write-only values are
// not in plans; where their version is, a placeholder stands for them, so that the digest is the one of the apply.
// Sensitive values are in the input, and in the requests, and never in messages. Pure; any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "podwright/v1/control.pb.h"

namespace podwright::kinds {
class Registry;
}

namespace podwright::cli {

struct PlannedResource {
  std::string address;   // "module.shop.podwright_server.web[0]"
  v1::ObjectRef object;  // without a name where it is known only after apply
  std::string change;    // "create", "update", "delete", "replace"
};

struct Unbound {
  std::string address;
  std::string reason;
};

struct TofuStack {
  std::string stack;
  v1::ApplyRequest request;  // the workspace is "" where the plan does not say one
  std::vector<PlannedResource> resources;
  std::vector<Unbound> unbound;
};

struct TofuPlan {
  std::string tool_version;
  std::vector<TofuStack> stacks;  // by name and workspace
  int unchanged = 0;
};

struct TofuPlanOptions {
  // For provider blocks whose `stack` is not in the plan: --stack, PODWRIGHT_STACK.
  std::optional<std::string> stack;
};

// Wrong input is invalid-argument, and says what to run instead.
Result<TofuPlan> ReadTofuPlan(const kinds::Registry& registry, std::string_view json, const TofuPlanOptions& options);

}  // namespace podwright::cli
