#include "reconciler/ca/certificate_authority.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/ca/issue.h"
#include "reconciler/store/helpers.h"

namespace podwright::ca {

using crypto::Certificate;
using crypto::Purpose;
using std::chrono::milliseconds;

namespace {

constexpr std::string_view kAgentUri = "podwright://agent/";
constexpr char kRevokedSerial[] = "ca/revoked/serial/";
constexpr char kRevokedAgent[] = "ca/revoked/agent/";
// The clocks of servers differ.
constexpr std::chrono::minutes kSkew{5};
constexpr std::size_t kMaxPart = 128;

bool GoodPart(std::string_view part) {
  return !part.empty() && part.size() <= kMaxPart && std::all_of(part.begin(), part.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
}

bool GoodSerial(std::string_view serial) {
  return !serial.empty() && serial.size() <= 40 && std::all_of(serial.begin(), serial.end(), [](unsigned char c) {
    return std::isdigit(c) != 0 || (c >= 'a' && c <= 'f');
  });
}

Result<AgentIdentity> IdentityOf(const Certificate& leaf) {
  const Error nobody = Unauthenticated("the certificate is not an agent's");
  const crypto::SubjectNames names = leaf.Names();
  if (names.uris.size() != 1 || !names.uris[0].starts_with(kAgentUri)) return nobody;
  const std::string_view rest = std::string_view(names.uris[0]).substr(kAgentUri.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return nobody;
  AgentIdentity identity;
  identity.uid = rest.substr(0, slash);
  identity.name = rest.substr(slash + 1);
  if (!GoodPart(identity.uid) || !GoodPart(identity.name)) return nobody;
  identity.serial = leaf.SerialHex();
  identity.not_after = leaf.NotAfter();
  return identity;
}

}  // namespace

std::string Issued::ChainText() const {
  std::string text;
  for (const std::string& pem : chain_pem) text += pem;
  return text;
}

Result<std::unique_ptr<CertificateAuthority>> CertificateAuthority::Open(store::Store& store,
                                                                         const crypto::EnvelopeKeyring& keys,
                                                                         Clock& clock) {
  std::unique_ptr<CertificateAuthority> ca(new CertificateAuthority(store, keys, clock));
  PW_TRY(ca->MakeFirstRoot());
  // A wrong envelope key shows now, not at the first enrolment.
  PW_ASSIGN(const RootSet set, ca->Load());
  PW_TRY(ca->roots_.Key(*set.Signing()));
  return ca;
}

Status CertificateAuthority::MakeFirstRoot() {
  PW_ASSIGN(const std::optional<RootSet> found, roots_.Load());
  if (found) return Ok();
  RootSet set;
  PW_ASSIGN(Root root, roots_.Make(clock_.Now()));
  set.signing = root.fingerprint;
  set.switched = clock_.Now();
  set.roots.push_back(std::move(root));
  // Another control plane may have been first: then its root is the one.
  PW_TRY(roots_.Save(set));
  return Ok();
}

Result<RootSet> CertificateAuthority::Load() {
  PW_ASSIGN(std::optional<RootSet> found, roots_.Load());
  if (!found) return DataLoss("the CA's roots are gone from the store");
  return std::move(*found);
}

Status CertificateAuthority::Save(const RootSet& set) {
  PW_ASSIGN(const bool saved, roots_.Save(set));
  if (!saved) return Conflict("the CA's roots were changed at the same time");
  return Ok();
}

Result<Issued> CertificateAuthority::Issue(const crypto::PublicKey& key, const std::string& common_name,
                                           const crypto::SubjectNames& names, Purpose purpose, milliseconds ttl) {
  if (ttl.count() <= 0) return InvalidArgument("a certificate must last longer than nothing");
  PW_ASSIGN(const RootSet set, Load());
  const Root& root = *set.Signing();
  PW_ASSIGN(const Certificate root_certificate, Certificate::FromPem(root.certificate_pem));
  PW_ASSIGN(const crypto::PrivateKey root_key, roots_.Key(root));
  const WallTime now = clock_.Now();
  if (now + ttl > root_certificate.NotAfter()) {
    return FailedPrecondition("the CA's root ends before the certificate would; roll the CA over");
  }
  PW_ASSIGN(const Certificate leaf,
            MakeLeaf({common_name, names, {purpose}, {now - kSkew, now + ttl}}, key, root_certificate, root_key));
  PW_ASSIGN(std::string leaf_pem, leaf.Pem());
  return Issued{{std::move(leaf_pem), root.certificate_pem}, leaf.SerialHex(), leaf.NotAfter()};
}

Result<ServerCertificate> CertificateAuthority::IssueServer(const crypto::SubjectNames& names, milliseconds ttl) {
  if (names.dns.empty() && names.ips.empty())
    return InvalidArgument("a server's certificate needs a name or an address");
  PW_ASSIGN(const crypto::PrivateKey key, crypto::PrivateKey::Generate(crypto::KeyType::kEcdsaP256));
  PW_ASSIGN(const crypto::PublicKey own, key.Public());
  PW_ASSIGN(Issued issued, Issue(own, "podwrightd", names, Purpose::kServer, ttl));
  PW_ASSIGN(crypto::SecretString pem, key.Pem());
  return ServerCertificate{std::move(pem), std::move(issued)};
}

Result<Issued> CertificateAuthority::IssueAgent(std::string_view request_der, const std::string& uid,
                                                const std::string& name, milliseconds ttl) {
  if (!GoodPart(uid) || !GoodPart(name)) return InvalidArgument("an agent's uid or name cannot stand in a certificate");
  PW_ASSIGN(const crypto::Request request, crypto::ParseRequest(request_der));
  if (request.key.type() == crypto::KeyType::kX25519) return InvalidArgument("an agent's key must be able to sign");
  PW_TRY(CheckRevoked("", uid));
  crypto::SubjectNames names;
  names.uris.push_back(std::string(kAgentUri) + uid + "/" + name);
  // 64 characters are the most that a common name may have; the URI is what counts.
  return Issue(request.key, name.substr(0, 64), names, Purpose::kClient, ttl);
}

Result<std::vector<RootInfo>> CertificateAuthority::Roots() {
  PW_ASSIGN(const RootSet set, Load());
  std::vector<RootInfo> infos;
  for (const Root& root : set.roots) {
    PW_ASSIGN(const Certificate certificate, Certificate::FromPem(root.certificate_pem));
    infos.push_back({root.fingerprint, root.certificate_pem, certificate.NotAfter(), root.fingerprint == set.signing});
  }
  return infos;
}

Result<std::string> CertificateAuthority::Fingerprint() {
  PW_ASSIGN(const RootSet set, Load());
  return set.signing;
}

Result<AgentIdentity> CertificateAuthority::VerifyAgent(const std::vector<Certificate>& chain, crypto::Expiry expiry) {
  PW_ASSIGN(const RootSet set, Load());
  PW_ASSIGN(const std::vector<Certificate> roots, set.Certificates());
  PW_TRY(crypto::VerifyChain(chain, roots, Purpose::kClient, clock_.Now(), expiry));
  PW_ASSIGN(AgentIdentity identity, IdentityOf(chain.front()));
  PW_TRY(CheckRevoked(identity.serial, identity.uid));
  return identity;
}

Status CertificateAuthority::Revoke(const std::string& key, const std::string& reason) {
  const nlohmann::json value = {{"time", FormatRfc3339(clock_.Now())}, {"reason", reason}};
  store::Transaction transaction;
  transaction.compares.push_back(store::Compare::Absent(key));
  // A reason that is not UTF-8 must not keep anyone from revoking.
  transaction.success.push_back(
      store::Op::Put(key, value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
  PW_TRY(store_.Commit(transaction));
  return Ok();
}

Status CertificateAuthority::RevokeSerial(const std::string& serial, const std::string& reason) {
  if (!GoodSerial(serial)) return InvalidArgument("a serial number has lower-case hexadecimal digits");
  return Revoke(kRevokedSerial + serial, reason);
}

Status CertificateAuthority::RevokeAgent(const std::string& uid, const std::string& reason) {
  if (!GoodPart(uid)) return InvalidArgument("not an agent's uid");
  return Revoke(kRevokedAgent + uid, reason);
}

Status CertificateAuthority::CheckRevoked(const std::string& serial, const std::string& uid) {
  for (const std::string& key :
       {serial.empty() ? "" : kRevokedSerial + serial, uid.empty() ? "" : kRevokedAgent + uid}) {
    if (key.empty()) continue;
    PW_ASSIGN(const std::optional<store::KeyValue> found, store::Get(store_, key));
    if (found) return PermissionDenied("the agent or its certificate was revoked");
  }
  return Ok();
}

Status CertificateAuthority::BeginRollover() {
  PW_ASSIGN(RootSet set, Load());
  if (set.roots.size() != 1) return FailedPrecondition("a rollover of the CA is under way");
  PW_ASSIGN(Root root, roots_.Make(clock_.Now()));
  set.roots.push_back(std::move(root));
  return Save(set);
}

Status CertificateAuthority::SwitchRoots() {
  PW_ASSIGN(RootSet set, Load());
  if (set.roots.size() != 2) return FailedPrecondition("no rollover of the CA was begun");
  if (set.signing == set.roots.back().fingerprint) return FailedPrecondition("the CA's new root signs already");
  set.signing = set.roots.back().fingerprint;
  set.switched = clock_.Now();
  return Save(set);
}

Status CertificateAuthority::FinishRollover() {
  PW_ASSIGN(RootSet set, Load());
  if (set.roots.size() != 2) return FailedPrecondition("no rollover of the CA was begun");
  if (set.signing != set.roots.back().fingerprint) return FailedPrecondition("the CA's new root does not sign yet");
  const WallTime earliest = set.switched + kAgentTtl;
  if (clock_.Now() < earliest) {
    return FailedPrecondition("certificates of the CA's old root live until " + FormatRfc3339(earliest));
  }
  set.roots.erase(set.roots.begin());
  return Save(set);
}

}  // namespace podwright::ca
