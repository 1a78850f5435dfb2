// WhoUsesSecret: every object that names a secret, on which servers, and which versions they want and have.
//
// Threading: under the control plane's lock. kNotFound: no such secret.
#pragma once

#include "core/result.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/control/engine.h"

namespace podwright::control {

Result<v1::WhoUsesSecretResponse> WhoUses(Engine& engine, const ObjectId& secret);

}  // namespace podwright::control
