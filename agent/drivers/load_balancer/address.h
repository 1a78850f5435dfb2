// The shared address on this server: keepalived in a unit of its own for each load balancer. Internal to the driver.
//
// One per call, on one thread; what is kept stands in `kept`, which the caller writes back into the state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/drivers/driver.h"
#include "agent/drivers/object_state.h"
#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::drivers::load_balancer {

class AddressHolder {
 public:
  AddressHolder(Environment& environment, v1::ObjectState& state, v1::kinds::LoadBalancerKept& kept)
      : env_(environment), state_(state), kept_(kept) {}

  // Fills in what came bound, writes configuration and unit, and has keepalived use them. What it refuses is not kept:
  // the files of before are back.
  Status Configure(v1::kinds::LoadBalancerAddressAction wanted, const v1::Dispatch& dispatch);
  // Gives the address up; nothing of it stays.
  Status Remove();

  // Nothing where there is none.
  Result<std::optional<v1::kinds::LoadBalancerObservedAddress>> Look();
  // What is not as it was confirmed, for people: item and text.
  Result<std::vector<std::pair<std::string, std::string>>> Drift();
  // Brings all of it back.
  Status Repair();

  // The unit; "" where there is none.
  std::string Unit() const;

 private:
  struct Texts {
    std::string configuration;
    std::string unit;
  };
  Result<Texts> TextsOf(const v1::kinds::LoadBalancerAddressAction& action);
  Status Put(const Texts& texts);
  Status Use(bool changed);
  Result<std::optional<std::string>> ReadFile(const std::string& path);
  Result<bool> FilesStand();
  std::string Folder() const;
  std::string ConfigurationPath() const;
  std::string UnitPath() const;
  std::string UnitName() const;

  Environment& env_;
  v1::ObjectState& state_;
  v1::kinds::LoadBalancerKept& kept_;
};

}  // namespace podwright::drivers::load_balancer
