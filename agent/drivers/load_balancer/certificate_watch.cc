#include "agent/drivers/load_balancer/certificate_watch.h"

#include <algorithm>
#include <chrono>

#include "core/crypto/certificate.h"

namespace podwright::drivers::load_balancer {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr hours kDay{24};
constexpr milliseconds kWarning = kDay * 14;

std::string Left(milliseconds left) {
  const auto days = left / kDay;
  if (days >= 2) return std::to_string(days) + " days";
  const auto whole = std::chrono::duration_cast<hours>(left).count();
  return whole >= 2 ? std::to_string(whole) + " hours" : "less than two hours";
}

}  // namespace

v1::kinds::LoadBalancerObservedCertificate ObserveCertificate(const std::string& pem, WallTime now) {
  v1::kinds::LoadBalancerObservedCertificate observed;
  const auto certificate = crypto::Certificate::FromPem(pem);
  if (!certificate.ok()) {
    observed.set_warning("it cannot be read: " + certificate.error().message());
    return observed;
  }
  observed.set_subject(certificate->CommonName());
  const WallTime end = certificate->NotAfter();
  observed.set_not_after(FormatRfc3339(end));
  const milliseconds life = end - certificate->NotBefore();
  if (now >= end) {
    observed.set_warning("it ended on " + FormatRfc3339(end));
  } else if (end - now < std::min(kWarning, life / 4)) {
    observed.set_warning("it ends in " + Left(end - now) + ", on " + FormatRfc3339(end));
  }
  return observed;
}

}  // namespace podwright::drivers::load_balancer
