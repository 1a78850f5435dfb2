// SetSecret, RotateSecret, RevealSecret. Threading: under the control plane's lock.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/control/engine.h"

namespace podwright::control {

Result<v1::SecretVersion> SetSecretValue(Engine& engine, const Caller& caller, const ObjectId& id,
                                         const std::string& value, const std::string& idempotency_key);
Result<v1::SecretVersion> RotateSecretValue(Engine& engine, const Caller& caller, const ObjectId& id);

// kNotFound: no live secret; kFailedPrecondition: it has no value.
Status CheckReadable(Engine& engine, const ObjectId& id);

}  // namespace podwright::control
