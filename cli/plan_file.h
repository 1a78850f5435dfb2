// The file of `podwright plan --out`: the request that was planned, and the digest that it binds.
//
// It holds the declared objects, so it is written with mode 0600. It is no secret to the control plane: what
// it says is checked like any other request.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {

Status SavePlanFile(const std::string& path, const v1::ApplyRequest& request);
// Whether the file begins as a saved plan does.
bool IsPlanFile(const std::string& path);
Result<v1::ApplyRequest> LoadPlanFile(const std::string& path);

}  // namespace podwright::cli
