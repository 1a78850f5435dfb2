#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/v1/control.pb.h"
#include "reconciler/api/testing/world.h"

namespace podwright::api {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::TestAgent;
using testing::World;

class ApiTest : public ::testing::Test {
 protected:
  World world_;
};

v1::ApplyRequest SecretRequest(const std::string& name) {
  v1::ApplyRequest request;
  request.set_owner("cli:default");
  v1::DesiredObject& put = *request.add_puts();
  put.set_kind("secret");
  put.set_name(name);
  put.set_schema_revision(1);
  return request;
}

// ---- tokens ----

TEST_F(ApiTest, ViewersTokenOnApplyIsRefusedAndAudited) {
  const auto viewer = world_.ClientOf("viewer");
  const auto applied = viewer->Apply(SecretRequest("one"));
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_THAT(applied.error().message(), HasSubstr("operator"));
  EXPECT_THAT(world_.Audit(), Contains(::testing::AllOf(HasSubstr("token:viewer-token apply"), HasSubstr("refused"))));
  EXPECT_TRUE(viewer->List(v1::ListRequest()).ok());
}

TEST_F(ApiTest, OperatorsTokenApplies) {
  const auto applied = world_.ClientOf("operator")->Apply(SecretRequest("one"));
  ASSERT_TRUE(applied.ok()) << applied.error().ToString();
  EXPECT_GT(applied->revision(), 0);
}

TEST_F(ApiTest, TokenOfAnotherWorkspaceIsRefused) {
  EXPECT_EQ(world_.ClientOf("admin", "elsewhere")->Apply(SecretRequest("one")).error().code(),
            ErrorCode::kPermissionDenied);
}

TEST_F(ApiTest, UnknownTokenIsRefusedAndAudited) {
  const auto info = world_.ClientWith("pw_nobody_nothing")->GetInfo();
  ASSERT_FALSE(info.ok());
  EXPECT_EQ(info.error().code(), ErrorCode::kUnauthenticated);
  EXPECT_THAT(world_.Audit(), Contains(::testing::AllOf(HasSubstr("authenticate"), HasSubstr("refused"))));
}

TEST_F(ApiTest, RevokedTokenIsRefusedAtOnce) {
  const auto admin = world_.ClientOf("admin");
  v1::CreateTokenRequest create;
  create.set_name("ci");
  create.set_role("viewer");
  const auto made = admin->CreateToken(create);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  const auto ci = world_.ClientWith(made->secret());
  ASSERT_TRUE(ci->GetInfo().ok());
  EXPECT_EQ(ci->GetInfo()->role(), "viewer");
  v1::RevokeTokenRequest revoke;
  revoke.set_id(made->token().id());
  ASSERT_TRUE(admin->RevokeToken(revoke).ok());
  EXPECT_EQ(ci->GetInfo().error().code(), ErrorCode::kUnauthenticated);
  EXPECT_THAT(world_.Audit(), Contains("token:admin-token token.revoke token/" + made->token().id() + " ok"));
}

TEST_F(ApiTest, OnlyAdminsMakeTokens) {
  v1::CreateTokenRequest create;
  create.set_name("ci");
  create.set_role("admin");
  EXPECT_EQ(world_.ClientOf("operator")->CreateToken(create).error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(ApiTest, AdminOfOneWorkspaceMakesNoTokenForAnother) {
  v1::CreateTokenRequest create;
  create.set_name("ci");
  create.set_role("viewer");
  create.set_workspace("*");
  EXPECT_EQ(world_.ClientOf("admin", "default")->CreateToken(create).error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(ApiTest, AuditSaysWhichProgramAsked) {
  ASSERT_TRUE(world_.ClientOf("operator")->Apply(SecretRequest("one")).ok());
  const auto audit = world_.ClientOf("admin")->ListAudit({});
  ASSERT_TRUE(audit.ok());
  std::vector<std::string> details;
  for (const v1::AuditEntry& entry : audit->entries()) {
    if (entry.verb() == "apply") details.push_back(entry.detail());
  }
  EXPECT_THAT(details, ::testing::ElementsAre(HasSubstr("asked by podwright-test/1")));
}

// ---- who the server is ----

TEST_F(ApiTest, ServerIsKnownByItsCasFingerprint) {
  const auto token = world_.tokens.Create("t", "viewer", "*", std::chrono::milliseconds(0));
  const std::string text(token->text.Reveal());
  const auto client = world_.ClientWith(text, *world_.authority->Fingerprint());
  ASSERT_NE(client, nullptr);
  EXPECT_TRUE(client->GetInfo().ok());
  EXPECT_EQ(world_.ClientWith(text, std::string(64, '0')), nullptr);
}

// ---- audit ----

TEST_F(ApiTest, AuditLogVerifiesAndANotedHeadIsPartOfIt) {
  const auto admin = world_.ClientOf("admin");
  ASSERT_TRUE(admin->Apply(SecretRequest("one")).ok());
  const auto before = admin->VerifyAudit(v1::VerifyAuditRequest());
  ASSERT_TRUE(before.ok()) << before.error().ToString();
  EXPECT_TRUE(before->ok());
  ASSERT_TRUE(admin->Apply(SecretRequest("two")).ok());
  v1::VerifyAuditRequest noted;
  noted.set_head(before->head());
  const auto after = admin->VerifyAudit(noted);
  ASSERT_TRUE(after.ok());
  EXPECT_TRUE(after->ok()) << after->problem();
  EXPECT_GT(after->entries(), before->entries());
  noted.set_head("pwh_nonsense");
  EXPECT_FALSE(admin->VerifyAudit(noted).ok());
}

// ---- enrolment ----

TEST_F(ApiTest, EnrolledAgentIsListedAndAudited) {
  const TestAgent agent = world_.EnrolledAgent("web-1");
  v1::ListAgentsRequest request;
  const auto agents = world_.ClientOf("viewer")->ListAgents(request);
  ASSERT_TRUE(agents.ok()) << agents.error().ToString();
  ASSERT_EQ(agents->agents_size(), 1);
  EXPECT_EQ(agents->agents(0).server(), "web-1");
  EXPECT_EQ(agents->agents(0).agent_id(), agent.id());
  EXPECT_FALSE(agents->agents(0).connected());
  EXPECT_THAT(world_.Audit(), Contains("agent:web-1 agent.enrol server/web-1 ok"));
}

TEST_F(ApiTest, UnknownEnrolmentTokenIsRefusedAndAudited) {
  TestAgent agent = world_.NewAgent();
  EXPECT_EQ(agent.Enrol("no such token", "web-1").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(world_.Audit(), Contains(::testing::AllOf(HasSubstr("agent.enrol server/web-1"), HasSubstr("refused"))));
}

TEST_F(ApiTest, EnrolmentTokenWorksOnceForOneKey) {
  const std::string secret = world_.EnrolmentSecret("web-1");
  TestAgent first = world_.NewAgent();
  ASSERT_TRUE(first.Enrol(secret, "web-1").ok());
  TestAgent second = world_.NewAgent();
  const grpc::Status reused = second.Enrol(secret, "web-1");
  EXPECT_EQ(reused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(reused.error_message(), HasSubstr("used"));
  // An answer that was lost on its way is no reuse.
  EXPECT_TRUE(first.Enrol(secret, "web-1").ok());
  world_.clock.Advance(std::chrono::minutes(11));
  EXPECT_EQ(first.Enrol(secret, "web-1").error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(ApiTest, ExpiredEnrolmentTokenIsRefused) {
  const std::string secret = world_.EnrolmentSecret("web-1", std::chrono::minutes(1));
  world_.clock.Advance(std::chrono::minutes(2));
  TestAgent agent = world_.NewAgent();
  const grpc::Status status = agent.Enrol(secret, "web-1");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("expired"));
}

TEST_F(ApiTest, EnrolmentTokenOfAnotherServerIsRefusedAndNotUsedUp) {
  const std::string secret = world_.EnrolmentSecret("web-1");
  TestAgent agent = world_.NewAgent();
  EXPECT_EQ(agent.Enrol(secret, "web-2").error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(agent.Enrol(secret, "web-1").ok());
}

// ---- sessions ----

TEST_F(ApiTest, SessionIsWelcomedAndTheAgentCountsAsConnected) {
  TestAgent agent = world_.EnrolledAgent("web-1");
  const auto stream = agent.Open();
  v1::Welcome welcome;
  const grpc::Status status = agent.Greet(*stream, &welcome);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(welcome.epoch(), world_.control->epoch());
  EXPECT_TRUE(world_.sessions.Connected("default", "web-1"));
}

TEST_F(ApiTest, SessionWithoutCertificateIsRefused) {
  TestAgent agent = world_.EnrolledAgent("web-1");
  v1::Welcome welcome;
  EXPECT_EQ(agent.Greet(*agent.Open(false), &welcome).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(ApiTest, SessionMustBeginWithHello) {
  TestAgent agent = world_.EnrolledAgent("web-1");
  const auto stream = agent.Open();
  v1::AgentMessage message;
  message.mutable_heartbeat();
  stream->stream->Write(message);
  v1::ControlMessage answer;
  EXPECT_FALSE(stream->stream->Read(&answer));
  EXPECT_EQ(stream->stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ApiTest, CertificateOfAnotherCaIsRefusedAndAudited) {
  TestAgent agent = world_.EnrolledAgent("web-1");
  store::MemoryStore other_store(world_.clock);
  const auto other = ca::CertificateAuthority::Open(other_store, world_.keys, world_.clock);
  ASSERT_TRUE(other.ok());
  const auto forged = (*other)->IssueAgent(agent.RequestDer(), agent.id(), "web-1");
  ASSERT_TRUE(forged.ok());
  agent.TakeCertificate(forged->chain_pem);
  v1::Welcome welcome;
  EXPECT_EQ(agent.Greet(*agent.Open(), &welcome).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(world_.Audit(), Contains(::testing::AllOf(HasSubstr("agent.session"), HasSubstr("refused"))));
}

TEST_F(ApiTest, ExpiredCertificateIsRefusedForAllButRenew) {
  TestAgent agent = world_.EnrolledAgent("web-1");
  world_.clock.Advance(std::chrono::hours(72));
  v1::Welcome welcome;
  const grpc::Status expired = agent.Greet(*agent.Open(), &welcome);
  EXPECT_EQ(expired.error_code(), grpc::StatusCode::UNAUTHENTICATED) << expired.error_message();
  EXPECT_THAT(world_.Audit(), Contains(::testing::AllOf(HasSubstr("agent.session"), HasSubstr("refused"))));
  const grpc::Status renewed = agent.Renew();
  ASSERT_TRUE(renewed.ok()) << renewed.error_message();
  const auto stream = agent.Open();
  const grpc::Status greeted = agent.Greet(*stream, &welcome);
  EXPECT_TRUE(greeted.ok()) << greeted.error_message();
}

TEST_F(ApiTest, RenewalByAnotherKeyIsRefused) {
  TestAgent agent = world_.EnrolledAgent("web-1");
  const auto other = crypto::PrivateKey::Generate(crypto::KeyType::kEcdsaP256);
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(agent.Renew(&*other).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(world_.Audit(), Contains(::testing::AllOf(HasSubstr("agent.renew"), HasSubstr("refused"))));
}

TEST_F(ApiTest, ChallengeIsGoodForOneRenewalOfItsAgentWithinAMinute) {
  TestAgent agent = world_.EnrolledAgent("web-1");
  TestAgent other = world_.EnrolledAgent("web-2");
  const std::string nonce = agent.Challenge();
  EXPECT_EQ(other.RenewWith(nonce).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(agent.RenewWith(nonce).ok());
  EXPECT_EQ(agent.RenewWith(nonce).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(agent.RenewWith("made up").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  const std::string late = agent.Challenge();
  world_.clock.Advance(std::chrono::seconds(61));
  EXPECT_EQ(agent.RenewWith(late).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(ApiTest, RevokedAgentLosesItsSessionAndGetsNothingMore) {
  TestAgent agent = world_.EnrolledAgent("web-1");
  const auto stream = agent.Open();
  v1::Welcome welcome;
  ASSERT_TRUE(agent.Greet(*stream, &welcome).ok());
  v1::RevokeAgentRequest revoke;
  revoke.set_server("web-1");
  const Status revoked = world_.ClientOf("admin")->RevokeAgent(revoke);
  ASSERT_TRUE(revoked.ok()) << revoked.error().ToString();
  v1::ControlMessage message;
  while (stream->stream->Read(&message)) {
  }
  EXPECT_FALSE(stream->stream->Finish().ok());
  EXPECT_EQ(agent.Greet(*agent.Open(), &welcome).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(agent.Renew().error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_FALSE(world_.directory.SealingKey("default", "web-1").ok());
}

TEST_F(ApiTest, SecondSessionReplacesTheFirst) {
  TestAgent agent = world_.EnrolledAgent("web-1");
  const auto first = agent.Open();
  v1::Welcome welcome;
  ASSERT_TRUE(agent.Greet(*first, &welcome).ok());
  const auto second = agent.Open();
  ASSERT_TRUE(agent.Greet(*second, &welcome).ok());
  v1::ControlMessage message;
  while (first->stream->Read(&message)) {
  }
  EXPECT_EQ(first->stream->Finish().error_code(), grpc::StatusCode::ABORTED);
  EXPECT_TRUE(world_.sessions.Connected("default", "web-1"));
  v1::ControlMessage ping;
  ping.mutable_ping()->set_nonce(7);
  ASSERT_TRUE(world_.sessions.Send("default", "web-1", ping).ok());
  bool pinged = false;
  while (!pinged && second->stream->Read(&message)) pinged = message.has_ping() && message.ping().nonce() == 7;
  EXPECT_TRUE(pinged);
}

TEST_F(ApiTest, ReplacedEnrolmentEndsTheOldAgentsAccess) {
  TestAgent old_agent = world_.EnrolledAgent("web-1");
  const TestAgent new_agent = world_.EnrolledAgent("web-1");
  EXPECT_NE(old_agent.id(), new_agent.id());
  v1::Welcome welcome;
  EXPECT_EQ(old_agent.Greet(*old_agent.Open(), &welcome).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ApiTest, SilentAgentIsDisconnected) {
  TestAgent agent = world_.EnrolledAgent("web-1");
  const auto stream = agent.Open();
  v1::Welcome welcome;
  ASSERT_TRUE(agent.Greet(*stream, &welcome).ok());
  world_.clock.Advance(std::chrono::minutes(5));
  v1::ControlMessage message;
  while (stream->stream->Read(&message)) {
  }
  EXPECT_FALSE(stream->stream->Finish().ok());
  EXPECT_EQ(world_.sessions.Send("default", "web-1", message).error().code(), ErrorCode::kUnavailable);
}

// ---- refusals are bounded ----

TEST_F(ApiTest, FloodOfRefusalsIsCountedAndNotWrittenOneByOne) {
  for (int i = 0; i < 200; ++i) world_.refusals->Note("unknown:flood", "authenticate", "", "", "no");
  const std::size_t written = world_.Audit().size();
  EXPECT_LE(written, static_cast<std::size_t>(Refusals::kMostAMinute) + 5);
  world_.clock.Advance(std::chrono::minutes(2));
  world_.refusals->Note("unknown:flood", "authenticate", "", "", "no");
  EXPECT_THAT(world_.Audit(), Contains(HasSubstr("refusals.left-out")));
}

}  // namespace
}  // namespace podwright::api
