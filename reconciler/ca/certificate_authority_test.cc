#include "reconciler/ca/certificate_authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/digest.h"
#include "reconciler/ca/issue.h"
#include "reconciler/store/helpers.h"
#include "reconciler/store/memory_store.h"

namespace podwright::ca {
namespace {

using crypto::Certificate;
using crypto::Expiry;
using crypto::KeyType;
using crypto::PrivateKey;
using crypto::Purpose;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class CaTest : public testing::Test {
 protected:
  CaTest() {
    EXPECT_TRUE(keys_.Add("k1", crypto::SecretBytes(std::string(32, 'k'))).ok());
    Open();
  }
  void Open() {
    auto opened = CertificateAuthority::Open(store_, keys_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().ToString();
    ca_ = std::move(opened).value();
  }
  template <typename T>
  static ErrorCode Code(const Result<T>& result) {
    return result.ok() ? ErrorCode::kUnknown : result.error().code();
  }
  static std::vector<Certificate> Chain(const Issued& issued) { return *Certificate::ChainFromPem(issued.ChainText()); }
  std::string Request() { return *crypto::CreateRequest(agent_key_, "whatever"); }
  Issued Agent(const std::string& uid = "u1", const std::string& name = "web-1") {
    auto issued = ca_->IssueAgent(Request(), uid, name);
    EXPECT_TRUE(issued.ok()) << issued.error().ToString();
    return *issued;
  }
  std::vector<Certificate> Roots() {
    std::vector<Certificate> roots;
    const auto infos = ca_->Roots();
    for (const RootInfo& info : *infos) roots.push_back(*Certificate::FromPem(info.certificate_pem));
    return roots;
  }

  FakeClock clock_;
  store::MemoryStore store_{clock_};
  crypto::EnvelopeKeyring keys_;
  const PrivateKey agent_key_ = *PrivateKey::Generate(KeyType::kEcdsaP256);
  std::unique_ptr<CertificateAuthority> ca_;
};

TEST_F(CaTest, TheRootIsMadeOnceAndItsKeyIsEncrypted) {
  const std::string fingerprint = *ca_->Fingerprint();
  Open();
  EXPECT_EQ(*ca_->Fingerprint(), fingerprint);
  EXPECT_EQ(fingerprint, Sha256(*Roots()[0].Der()).Hex());
  const auto stored = store_.Range({store::Prefix("")});
  for (const store::KeyValue& kv : stored->kvs) EXPECT_THAT(kv.value, Not(HasSubstr("PRIVATE KEY")));
}

TEST_F(CaTest, AWrongEnvelopeKeyShowsAtTheStart) {
  crypto::EnvelopeKeyring other;
  ASSERT_TRUE(other.Add("k1", crypto::SecretBytes(std::string(32, 'x'))).ok());
  EXPECT_EQ(Code(CertificateAuthority::Open(store_, other, clock_)), ErrorCode::kDataLoss);
}

TEST_F(CaTest, AServersCertificateCarriesItsNames) {
  const auto server = ca_->IssueServer({{"localhost", "pw.example.org"}, {"127.0.0.1", "::1"}, {}}, hours(24));
  ASSERT_TRUE(server.ok()) << server.error().ToString();
  const auto chain = Chain(server->certificate);
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_THAT(chain[0].Names().dns, ElementsAre("localhost", "pw.example.org"));
  EXPECT_THAT(chain[0].Names().ips, ElementsAre("127.0.0.1", "::1"));
  EXPECT_TRUE(crypto::VerifyChain(chain, Roots(), Purpose::kServer, clock_.Now()).ok());
  EXPECT_FALSE(crypto::VerifyChain(chain, Roots(), Purpose::kClient, clock_.Now()).ok());
  const auto key = PrivateKey::FromPem(server->key_pem.Reveal());
  EXPECT_TRUE(key->Public()->Equals(*chain[0].Key()));
  EXPECT_EQ(server->certificate.not_after, clock_.Now() + hours(24));
}

TEST_F(CaTest, NamesThatAreNoneAreRefused) {
  EXPECT_EQ(Code(ca_->IssueServer({}, hours(1))), ErrorCode::kInvalidArgument);
  for (const char* dns : {"", "a,DNS:evil.example.org", "a b", "a\nb", "*"}) {
    EXPECT_EQ(Code(ca_->IssueServer({{dns}, {}, {}}, hours(1))), ErrorCode::kInvalidArgument) << dns;
  }
  EXPECT_EQ(Code(ca_->IssueServer({{}, {"300.1.1.1"}, {}}, hours(1))), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Code(ca_->IssueServer({{"a"}, {}, {}}, hours(0))), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Code(ca_->IssueServer({{"a"}, {}, {}}, hours(24 * 4000))), ErrorCode::kFailedPrecondition);
}

TEST_F(CaTest, AnAgentIsKnownByItsCertificate) {
  const Issued issued = Agent();
  const auto identity = ca_->VerifyAgent(Chain(issued));
  ASSERT_TRUE(identity.ok()) << identity.error().ToString();
  EXPECT_EQ(identity->uid, "u1");
  EXPECT_EQ(identity->name, "web-1");
  EXPECT_EQ(identity->serial, issued.serial);
  EXPECT_EQ(identity->not_after, clock_.Now() + hours(24));
  EXPECT_THAT(Chain(issued)[0].Names().uris, ElementsAre("podwright://agent/u1/web-1"));
}

TEST_F(CaTest, AnExpiredCertificateIsGoodForRenewalOnly) {
  const auto chain = Chain(Agent());
  clock_.Advance(hours(24) + minutes(1));
  EXPECT_EQ(Code(ca_->VerifyAgent(chain)), ErrorCode::kUnauthenticated);
  EXPECT_TRUE(ca_->VerifyAgent(chain, Expiry::kAllowed).ok());
}

TEST_F(CaTest, ANewCertificateIsGoodOnAServerWhoseClockIsALittleSlow) {
  const auto chain = Chain(Agent());
  EXPECT_TRUE(crypto::VerifyChain(chain, Roots(), Purpose::kClient, clock_.Now() - minutes(4)).ok());
  EXPECT_FALSE(crypto::VerifyChain(chain, Roots(), Purpose::kClient, clock_.Now() - minutes(6)).ok());
}

TEST_F(CaTest, RevokedCertificatesAndAgentsAreRefusedEvenForRenewal) {
  const Issued first = Agent();
  const Issued second = Agent();
  ASSERT_TRUE(ca_->RevokeSerial(first.serial, "lost").ok());
  ASSERT_TRUE(ca_->RevokeSerial(first.serial, "again").ok());
  EXPECT_EQ(Code(ca_->VerifyAgent(Chain(first))), ErrorCode::kPermissionDenied);
  EXPECT_TRUE(ca_->VerifyAgent(Chain(second)).ok());
  ASSERT_TRUE(ca_->RevokeAgent("u1", "gone \xff").ok());
  EXPECT_EQ(Code(ca_->VerifyAgent(Chain(second))), ErrorCode::kPermissionDenied);
  EXPECT_EQ(Code(ca_->VerifyAgent(Chain(second), Expiry::kAllowed)), ErrorCode::kPermissionDenied);
  EXPECT_EQ(Code(ca_->IssueAgent(Request(), "u1", "web-1")), ErrorCode::kPermissionDenied);
  EXPECT_EQ(Code(ca_->RevokeSerial("../x", "")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Code(ca_->RevokeAgent("a/b", "")), ErrorCode::kInvalidArgument);
}

TEST_F(CaTest, ForeignAndForgedChainsAreRefused) {
  store::MemoryStore other_store(clock_);
  auto other = CertificateAuthority::Open(other_store, keys_, clock_);
  const auto foreign = (*other)->IssueAgent(Request(), "u1", "web-1");
  EXPECT_EQ(Code(ca_->VerifyAgent(Chain(*foreign))), ErrorCode::kUnauthenticated);
  EXPECT_EQ(Code(ca_->VerifyAgent({})), ErrorCode::kUnauthenticated);
  // An agent that signs certificates itself.
  const auto own = Chain(Agent());
  crypto::SubjectNames names;
  names.uris.push_back("podwright://agent/u2/db-1");
  const auto forged = MakeLeaf({"db-1", names, {Purpose::kClient}, {clock_.Now(), clock_.Now() + hours(1)}},
                               *agent_key_.Public(), own[0], agent_key_);
  ASSERT_TRUE(forged.ok());
  EXPECT_EQ(Code(ca_->VerifyAgent({*forged, own[0], own[1]})), ErrorCode::kUnauthenticated);
  // A root of the right name with another key.
  const PrivateKey key = *PrivateKey::Generate(KeyType::kEcdsaP256);
  const auto lookalike = MakeRoot(key, Roots()[0].CommonName(), {clock_.Now(), clock_.Now() + hours(1)});
  const auto leaf = MakeLeaf({"x", names, {Purpose::kClient}, {clock_.Now(), clock_.Now() + hours(1)}},
                             *agent_key_.Public(), *lookalike, key);
  EXPECT_EQ(Code(ca_->VerifyAgent({*leaf, *lookalike})), ErrorCode::kUnauthenticated);
  EXPECT_EQ(Code(ca_->VerifyAgent(std::vector<Certificate>(50, own[0]))), ErrorCode::kUnauthenticated);
}

TEST_F(CaTest, AServersCertificateIsNoAgents) {
  const auto server = ca_->IssueServer({{"localhost"}, {}, {}}, hours(1));
  EXPECT_EQ(Code(ca_->VerifyAgent(Chain(server->certificate))), ErrorCode::kUnauthenticated);
}

TEST_F(CaTest, BadRequestsAreRefused) {
  EXPECT_EQ(Code(ca_->IssueAgent("garbage", "u1", "web-1")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Code(ca_->IssueAgent("", "u1", "web-1")), ErrorCode::kInvalidArgument);
  std::string request = Request();
  EXPECT_EQ(Code(ca_->IssueAgent(request + "x", "u1", "web-1")), ErrorCode::kInvalidArgument);
  request.back() = static_cast<char>(request.back() ^ 1);
  EXPECT_EQ(Code(ca_->IssueAgent(request, "u1", "web-1")), ErrorCode::kInvalidArgument);
  for (const char* part : {"", "a/b", "a b", "a\n"}) {
    EXPECT_EQ(Code(ca_->IssueAgent(Request(), part, "web-1")), ErrorCode::kInvalidArgument);
    EXPECT_EQ(Code(ca_->IssueAgent(Request(), "u1", part)), ErrorCode::kInvalidArgument);
  }
}

TEST_F(CaTest, ARolloverStrandsNoAgent) {
  const std::string old_fingerprint = *ca_->Fingerprint();
  const auto old_chain = Chain(Agent());
  EXPECT_EQ(Code(ca_->SwitchRoots()), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(Code(ca_->FinishRollover()), ErrorCode::kFailedPrecondition);

  ASSERT_TRUE(ca_->BeginRollover().ok());
  EXPECT_EQ(Code(ca_->BeginRollover()), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(ca_->Roots()->size(), 2U);
  EXPECT_EQ(*ca_->Fingerprint(), old_fingerprint);
  EXPECT_TRUE(ca_->VerifyAgent(Chain(Agent())).ok());

  ASSERT_TRUE(ca_->SwitchRoots().ok());
  EXPECT_NE(*ca_->Fingerprint(), old_fingerprint);
  const auto new_chain = Chain(Agent());
  EXPECT_TRUE(ca_->VerifyAgent(new_chain).ok());
  EXPECT_TRUE(ca_->VerifyAgent(old_chain).ok());

  EXPECT_EQ(Code(ca_->FinishRollover()), ErrorCode::kFailedPrecondition);
  clock_.Advance(hours(24));
  ASSERT_TRUE(ca_->FinishRollover().ok());
  EXPECT_EQ(ca_->Roots()->size(), 1U);
  EXPECT_EQ(Code(ca_->VerifyAgent(old_chain, Expiry::kAllowed)), ErrorCode::kUnauthenticated);
  EXPECT_TRUE(ca_->VerifyAgent(new_chain, Expiry::kAllowed).ok());
}

TEST_F(CaTest, DamagedRootsAreAnErrorNotACrash) {
  const std::string good = (*store::Get(store_, "ca/roots"))->value;
  for (const std::string& text :
       {std::string(), std::string("nonsense"), std::string("{}"),
        std::string(R"({"roots":[],"signing":"x","switched":1})"),
        std::string(R"({"roots":[{"fingerprint":1}],"signing":"x","switched":1})"), good.substr(0, good.size() / 2)}) {
    ASSERT_TRUE(store::Put(store_, "ca/roots", text).ok());
    EXPECT_EQ(Code(ca_->Fingerprint()), ErrorCode::kDataLoss) << text;
    EXPECT_EQ(Code(CertificateAuthority::Open(store_, keys_, clock_)), ErrorCode::kDataLoss);
  }
}

TEST_F(CaTest, SerialsAreLongAndDistinct) {
  const std::string a = Agent().serial;
  const std::string b = Agent().serial;
  EXPECT_NE(a, b);
  EXPECT_EQ(a.size(), 32U);
}

}  // namespace
}  // namespace podwright::ca
