#include "kinds/rules/secret_rules.h"

#include <arpa/inet.h>

#include <set>
#include <string>

#include "kinds/diagnostic.h"
#include "podwright/v1/kinds/secret.pb.h"

namespace podwright::kinds {
namespace {

bool IsIpAddress(const std::string& text) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 || inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

void CheckGenerator(const v1::kinds::SecretGenerator& generator, Diagnostics* out) {
  const Path path = Path().Attribute("generator");
  if (!generator.has_key_pair() && !generator.has_certificate()) return;
  const std::string what = generator.has_key_pair() ? "a key pair" : "a certificate";
  const auto refuse = [&](bool set, const char* field) {
    if (set) out->AddError(what + " has none: it is for characters", path.Attribute(field), "leave it out");
  };
  refuse(generator.has_length(), "length");
  refuse(generator.has_alphabet(), "alphabet");
}

void CheckCertificate(const v1::kinds::SecretCertificate& certificate, Diagnostics* out) {
  const Path path = Path().Attribute("generator").Attribute("certificate");
  for (int i = 0; i < certificate.addresses_size(); ++i) {
    if (IsIpAddress(certificate.addresses(i))) continue;
    out->AddError("\"" + certificate.addresses(i) + "\" is no IP address",
                  path.Attribute("addresses").Index(static_cast<std::size_t>(i)), "10.0.0.1 or 2001:db8::1");
  }
}

void CheckParts(const v1::kinds::SecretSpec& spec, Diagnostics* out) {
  if (spec.has_generator() && spec.parts_size() > 0) {
    out->AddError("a generator knows its parts by itself", Path().Attribute("parts"), "leave it out");
  }
  std::set<std::string> seen;
  for (int i = 0; i < spec.parts_size(); ++i) {
    if (seen.insert(spec.parts(i)).second) continue;
    out->AddError("the part \"" + spec.parts(i) + "\" is listed twice",
                  Path().Attribute("parts").Index(static_cast<std::size_t>(i)));
  }
}

}  // namespace

void CheckSecretRules(const google::protobuf::Message& message, Diagnostics* out) {
  const auto& spec = static_cast<const v1::kinds::SecretSpec&>(message);
  CheckGenerator(spec.generator(), out);
  CheckCertificate(spec.generator().certificate(), out);
  CheckParts(spec, out);
}

}  // namespace podwright::kinds
