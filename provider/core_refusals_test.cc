// Control planes that refuse, and what is none at all: each diagnostic says what was wanted, where, why not and what to
// do. A client in the place of core, the provider's own binary, real listeners.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "provider/testing/control_plane_case.h"

namespace podwright::provider::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Answers everybody with the same bytes, whatever they say.
class Stranger {
 public:
  explicit Stranger(std::string answer) : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~Stranger() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void Serve() const {
    for (int client = ::accept(listener_, nullptr, nullptr); client >= 0;
         client = ::accept(listener_, nullptr, nullptr)) {
      char heard[512];
      static_cast<void>(::recv(client, heard, sizeof(heard), 0));
      static_cast<void>(::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL));
      ::close(client);
    }
  }

  const std::string answer_;
  const int listener_;
  int port_ = 0;
  std::thread thread_;
};

class ClientPlayingCoreBeforeRefusals : public ControlPlaneCase {
 protected:
  // What the user reads of a plan with this configuration.
  std::string PlanWith(const Value& config, const std::string& workspace = "") {
    Value own = config;
    own.SetField("retry_for", Value::String("300ms"));
    if (!workspace.empty()) own.SetField("workspace", Value::String(workspace));
    core_.Configure(own);
    if (!core_.has_error()) core_.Plan("podwright_secret", Secret("a"));
    EXPECT_TRUE(core_.has_error());
    EXPECT_TRUE(core_.running());
    EXPECT_THAT(core_.said(), ::testing::Not(HasSubstr("Plugin error")));
    return core_.said();
  }
  Value ConfigOf(const std::string& endpoint) {
    Value config = Config(Token("operator"));
    config.SetField("endpoint", Value::String(endpoint));
    return config;
  }
};

TEST_F(ClientPlayingCoreBeforeRefusals, ExpiredTokenIsRefusedWithWhatToDo) {
  const std::string token = Token("operator", "*", std::chrono::milliseconds(1000));
  world_.clock.Advance(std::chrono::hours(1));
  EXPECT_THAT(PlanWith(Config(token)),
              AllOf(HasSubstr("secret/a: cannot be planned"), HasSubstr("token"), HasSubstr("podwright token create")));
}

TEST_F(ClientPlayingCoreBeforeRefusals, RevokedTokenIsRefusedInTheMiddleAndNothingIsLost) {
  const auto made = world_.tokens.Create("ci", "operator", "*", std::chrono::milliseconds(0));
  ASSERT_TRUE(made.ok());
  core_.Configure(Config(std::string(made->text.Reveal())));
  const Instance before = core_.Apply("podwright_secret", Secret("a"));
  ASSERT_FALSE(core_.has_error()) << core_.said();
  v1::RevokeTokenRequest revoke;
  revoke.set_id(made->token.id);
  ASSERT_TRUE(world_.ClientOf("admin")->RevokeToken(revoke).ok());
  const Instance read = core_.Read("podwright_secret", before);
  EXPECT_THAT(core_.said(), AllOf(HasSubstr("secret/a: cannot be read"), HasSubstr("podwright token create")));
  EXPECT_EQ(read.state, before.state);
  EXPECT_EQ(core_.Destroy("podwright_secret", before).state, before.state);
}

TEST_F(ClientPlayingCoreBeforeRefusals, RoleThatIsTooLowIsNamedWithTheOneThatIsNeeded) {
  EXPECT_THAT(PlanWith(Config(Token("viewer"))),
              AllOf(HasSubstr("secret/a: cannot be planned"), HasSubstr("it needs the role planner and has viewer")));
  core_.Forget();
  core_.Configure(Config(Token("planner")));
  const Instance none = core_.Apply("podwright_secret", Secret("a"));
  EXPECT_THAT(core_.said(),
              AllOf(HasSubstr("secret/a: cannot be applied"), HasSubstr("it needs the role operator and has planner")));
  EXPECT_TRUE(none.state.is_null());
}

TEST_F(ClientPlayingCoreBeforeRefusals, TokenOfAnotherWorkspaceIsRefusedWithItsName) {
  EXPECT_THAT(PlanWith(Config(Token("operator", "blue")), "green"), HasSubstr("its token is for the workspace blue"));
}

TEST_F(ClientPlayingCoreBeforeRefusals, AnothersFingerprintOrCaIsSaidAsSuch) {
  Value fingerprint = Config(Token("operator"));
  fingerprint.SetField("ca", Value::Null());
  fingerprint.SetField("ca_fingerprint", Value::String(std::string(64, 'a')));
  EXPECT_THAT(PlanWith(fingerprint),
              AllOf(HasSubstr("No connection to the control plane"), HasSubstr(Endpoint()), HasSubstr("fingerprint")));
  core_.Forget();
  const api::testing::World other;
  Value ca = Config(Token("operator"));
  ca.SetField("ca", Value::String(other.RootsPem()));
  EXPECT_THAT(PlanWith(ca), AllOf(HasSubstr("secret/a: cannot be planned"), HasSubstr(Endpoint()),
                                  HasSubstr("not the one of the CA that is set")));
}

TEST_F(ClientPlayingCoreBeforeRefusals, WhatIsNoControlPlaneIsSaidAsSuch) {
  const std::string answers[] = {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", std::string(2000, '\x16'),
                                 std::string("\x16\x03\x03\x00\x7a\x02\x00\x00\x76", 9) + std::string(200, '\x01'), ""};
  for (const std::string& answer : answers) {
    const Stranger stranger(answer);
    EXPECT_THAT(PlanWith(ConfigOf(stranger.endpoint())),
                AllOf(HasSubstr("secret/a: cannot be planned"),
                      HasSubstr("the control plane at " + stranger.endpoint()), HasSubstr("podwrightd")));
    core_.Forget();
  }
}

// The run has begun when the control plane goes away for good: the state has the object, and the run is named.
TEST_F(ClientPlayingCoreBeforeRefusals, ControlPlaneThatGoesAwayInTheMiddleLosesNothing) {
  core_.Configure(Config(Token("operator")));
  std::thread stop([this] {
    while (UidOf("server", "web-1").empty()) std::this_thread::yield();
    world_.control_service->Stop();
    world_.api->Stop(std::chrono::milliseconds(0));
  });
  const Instance made = core_.Apply("podwright_server", Server("web-1"));
  stop.join();
  EXPECT_TRUE(core_.has_error());
  EXPECT_THAT(core_.said(), AllOf(HasSubstr("server/web-1: "), HasSubstr("control plane"), HasSubstr("again")));
  EXPECT_EQ(made.state.Get("id"), Value::String("default/web-1"));
  EXPECT_TRUE(made.state.IsWhollyKnown());
}

}  // namespace
}  // namespace podwright::provider::testing
