// SetSecret, RotateSecret, RevealSecret, and the renewal of certificates. Threading: under the control plane's lock.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/control/engine.h"

namespace podwright::control {

Result<v1::SecretVersion> SetSecretValue(Engine& engine, const Caller& caller, const ObjectId& id,
                                         const v1::SetSecretRequest& request);
Result<v1::SecretVersion> RotateSecretValue(Engine& engine, const Caller& caller, const ObjectId& id);

// Makes every certificate anew that is at two thirds of its life, internal ones too, and brings it to its consumers.
Status RenewCertificates(Engine& engine);

// kNotFound: no live secret; kFailedPrecondition: it has no value.
Status CheckReadable(Engine& engine, const ObjectId& id);

}  // namespace podwright::control
