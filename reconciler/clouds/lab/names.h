// The names of what one lab owns on its host, derived from the installation and its data folder, so
// that they are the same after a crash and differ between labs. Pure.
#pragma once

#include <string>

namespace podwright::clouds::lab {

inline constexpr char kLabelInstallation[] = "dev.podwright.installation";
inline constexpr char kLabelTag[] = "dev.podwright.tag";
inline constexpr char kLabelName[] = "dev.podwright.name";
inline constexpr char kLabelImage[] = "dev.podwright.image";
inline constexpr char kLabelSize[] = "dev.podwright.size";
inline constexpr char kLabelRegion[] = "dev.podwright.region";
inline constexpr char kLabelAddress[] = "dev.podwright.address";
inline constexpr char kLabelUserPrefix[] = "dev.podwright.label.";

class LabNames {
 public:
  static constexpr char kBridgePrefix[] = "pw-";

  LabNames(std::string installation, const std::string& data_folder);

  const std::string& installation() const { return installation_; }
  const std::string& bridge() const { return bridge_; }  // a network interface: at most 15 characters
  const std::string& table() const { return table_; }    // nftables
  const std::string& cgroup() const { return cgroup_; }  // without a dash: systemd nests slices at dashes
  std::string Veth(const std::string& tag) const;        // the host's end of a machine's cable
  unsigned seed() const { return seed_; }                // where the search for a subnet starts

 private:
  std::string installation_;
  std::string key_;
  std::string bridge_;
  std::string table_;
  std::string cgroup_;
  unsigned seed_ = 0;
};

}  // namespace podwright::clouds::lab
