#include "reconciler/clouds/lab/names.h"

#include <utility>

#include "core/digest.h"

namespace podwright::clouds::lab {

LabNames::LabNames(std::string installation, const std::string& data_folder) : installation_(std::move(installation)) {
  Sha256Hasher hasher;
  hasher.UpdateField(installation_);
  hasher.UpdateField(data_folder);
  const Digest digest = hasher.Finish();
  key_ = digest.Hex().substr(0, 10);
  bridge_ = kBridgePrefix + key_;
  table_ = "podwright_" + key_;
  cgroup_ = "podwright_" + key_;
  seed_ = digest.bytes[31];
}

std::string LabNames::Veth(const std::string& tag) const {
  Sha256Hasher hasher;
  hasher.UpdateField(key_);
  hasher.UpdateField(tag);
  return "pwv" + hasher.Finish().Hex().substr(0, 12);
}

}  // namespace podwright::clouds::lab
