// Making X.509 certificates: a root, and leaves under it. Knows no store.
//
// Threading: pure; any thread. Errors: kInvalidArgument for names that no certificate may carry.
#pragma once

#include <string>
#include <vector>

#include "core/clock.h"
#include "core/crypto/certificate.h"
#include "core/crypto/keys.h"
#include "core/result.h"

namespace podwright::ca {

struct Validity {
  WallTime from;
  WallTime to;
};

struct LeafSpec {
  std::string common_name;
  crypto::SubjectNames names;
  std::vector<crypto::Purpose> purposes = {crypto::Purpose::kClient};
  Validity validity;
};

Result<crypto::Certificate> MakeRoot(const crypto::PrivateKey& key, const std::string& common_name, Validity validity);
Result<crypto::Certificate> MakeLeaf(const LeafSpec& spec, const crypto::PublicKey& subject_key,
                                     const crypto::Certificate& root, const crypto::PrivateKey& root_key);

}  // namespace podwright::ca
