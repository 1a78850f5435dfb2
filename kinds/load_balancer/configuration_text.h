// A load balancer's nginx.conf, of one side, from the Spec. Members of backends, keys and the generation stand in files
// of their own, which it includes. What comes from people is quoted: it is never syntax.
// The same Spec, the same bytes. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "kinds/load_balancer/layout.h"
#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::kinds {

BalancerSide SideOf(const v1::kinds::LoadBalancerListener& listener);
// Whether the Spec has listeners of the side.
bool HasSide(const v1::kinds::LoadBalancerSpec& spec, BalancerSide side);
// The backends that the side's configuration uses.
std::set<std::string> BackendsOf(const v1::kinds::LoadBalancerSpec& spec, BalancerSide side);

// Versions of secrets, by secret: those that are in use now.
using SecretVersions = std::map<std::string, std::int64_t>;

// The Spec kept the kind's rules, and has its defaults.
std::string ConfigurationText(const std::string& balancer, const v1::kinds::LoadBalancerSpec& spec, BalancerSide side,
                              const SecretVersions& versions);

// "web-tls.certificate.v3.pem": another version is another file, so that what nginx has open stays as it was.
std::string KeyFileName(const v1::kinds::LoadBalancerKeyFile& file);
// Files of certificates and keys of https, by name in the folder `keys`.
std::map<std::string, v1::kinds::LoadBalancerKeyFile> KeyFilesOf(const v1::kinds::LoadBalancerSpec& spec,
                                                                 const SecretVersions& versions);
struct CertificateFiles {
  v1::kinds::LoadBalancerKeyFile certificate;
  v1::kinds::LoadBalancerKeyFile key;  // the same as the certificate where both are one text
};
CertificateFiles FilesOf(const v1::kinds::LoadBalancerCertificate& certificate, const SecretVersions& versions);

// What the two sides have in common; internal.
std::string ConfigurationHead(const std::string& balancer, const BalancerLayout& layout, std::int64_t drain_ms);
std::string UpstreamBlock(const std::string& backend, const BalancerLayout& layout);
std::string HttpBlock(const v1::kinds::LoadBalancerSpec& spec, const BalancerLayout& layout,
                      const SecretVersions& versions);

}  // namespace podwright::kinds
