// The secrets that came with an action, opened on the server that they were sealed to.
//
// A value leaves here into `use` alone or as a SecretString; a driver passes it on through a program's
// standard input or a 0600 file, never in argv, environment, logs, observations or proofs.
// Errors: kInvalidArgument: the action came without that secret; else what the opening says.
// Threading: the driver's.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "agent/drivers/driver.h"
#include "core/crypto/secret.h"
#include "core/result.h"
#include "podwright/v1/agent.pb.h"

namespace podwright::drivers {

// As it came, for what has to be kept to repair without a control plane. Lives as long as the dispatch.
Result<const v1::SealedSecret*> FindSealed(const v1::Dispatch& dispatch, const v1::SecretUse& use);

// Gives its value to `with`, and wipes it after.
Status OpenSecret(const Environment& environment, const v1::Dispatch& dispatch, const v1::SecretUse& use,
                  const std::function<Status(std::string_view value)>& with);
// Its value, which is wiped when it goes.
Result<crypto::SecretString> SecretValue(const Environment& environment, const v1::Dispatch& dispatch,
                                         const v1::SecretUse& use);

}  // namespace podwright::drivers
