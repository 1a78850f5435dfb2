// A certificate that vouches for nothing but its own key: enough to encrypt a connection whose ends know each other by
// a password, and no more.
//
// Pure but for the random serial. Threading: any thread.
#pragma once

#include <string>

#include "core/clock.h"
#include "core/crypto/certificate.h"
#include "core/crypto/keys.h"

namespace podwright::crypto {

// Valid for ten years from a day before `now`: clocks differ.
Result<Certificate> SelfSigned(const PrivateKey& key, const std::string& common_name, WallTime now);

}  // namespace podwright::crypto
