// What a certificate in use says of its end, and a warning while it is near. Threading: any thread.
#pragma once

#include <string>

#include "core/clock.h"
#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::drivers::load_balancer {

// The first certificate of `pem`, which is the one that is shown. Of what is no certificate only a warning.
// Warned is in the last fortnight, or the last quarter of a shorter life.
v1::kinds::LoadBalancerObservedCertificate ObserveCertificate(const std::string& pem, WallTime now);

}  // namespace podwright::drivers::load_balancer
