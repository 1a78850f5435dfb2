// podwrightd in the test's process, on ports of its own and a temporary folder, without a lab.
#include "reconciler/daemon/daemon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "client/context.h"
#include "client/control.h"
#include "core/clock.h"
#include "core/crypto/certificate.h"
#include "core/crypto/envelope.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/ca/certificate_authority.h"
#include "reconciler/daemon/notify.h"
#include "reconciler/daemon/server_identity.h"
#include "reconciler/store/memory_store.h"

namespace podwright::daemon {
namespace {

using ::testing::HasSubstr;

class DaemonTest : public ::testing::Test {
 protected:
  DaemonTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-daemon-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    settings_.data_dir = (folder_ / "data").string();
    settings_.envelope_key = (folder_ / "envelope.key").string();
    settings_.context_file = (folder_ / "context.yaml").string();
    settings_.lab_cache = (folder_ / "lab").string();
    settings_.api_listen = {"127.0.0.1", 0};
    settings_.https_listen = {"127.0.0.1", 0};
    settings_.agents_listen = {"127.0.0.1", 0};
    settings_.lab = false;
  }
  ~DaemonTest() override { std::filesystem::remove_all(folder_); }

  client::Environment Variables() const {
    return [this](const char* name) -> std::optional<std::string> {
      if (std::strcmp(name, "PODWRIGHT_CONFIG") == 0) return settings_.context_file;
      return std::nullopt;
    };
  }
  static std::string Body(const httplib::Result& result) { return result ? result->body : "no answer"; }

  std::filesystem::path folder_;
  Settings settings_;
};

TEST_F(DaemonTest, FirstStartLeavesTheCliAContextThatWorks) {
  const auto daemon = Daemon::Start(settings_);
  ASSERT_TRUE(daemon.ok()) << daemon.error().ToString();
  EXPECT_EQ((*daemon)->new_context(), "default");
  struct stat info {};
  ASSERT_EQ(stat(settings_.context_file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto context = client::ResolveContext({}, Variables());
  ASSERT_TRUE(context.ok()) << context.error().ToString();
  const auto control = client::Connect(*context, "podwright-test/1");
  ASSERT_TRUE(control.ok());
  const auto server = (*control)->GetInfo();
  ASSERT_TRUE(server.ok()) << server.error().ToString();
  EXPECT_EQ(server->role(), "admin");
  EXPECT_EQ(server->agents_address(), "127.0.0.1:" + std::to_string((*daemon)->agents_port()));
}

TEST_F(DaemonTest, LaterStartIsTheSameInstallationAndLeavesTheContextAlone) {
  std::string installation;
  std::string file;
  for (int start = 0; start < 2; ++start) {
    const auto daemon = Daemon::Start(settings_);
    ASSERT_TRUE(daemon.ok()) << daemon.error().ToString();
    auto context = client::ResolveContext({}, Variables());
    ASSERT_TRUE(context.ok());
    context->endpoint = "127.0.0.1:" + std::to_string((*daemon)->api_port());
    const auto control = client::Connect(*context, "podwright-test/1");
    ASSERT_TRUE(control.ok());
    const auto server = (*control)->GetInfo();
    ASSERT_TRUE(server.ok()) << server.error().ToString();
    EXPECT_EQ((*daemon)->new_context(), start == 0 ? "default" : "");
    if (start == 0) installation = server->installation();
    EXPECT_EQ(server->installation(), installation);
    EXPECT_EQ(server->epoch(), static_cast<std::uint64_t>(start + 1));
  }
}

TEST_F(DaemonTest, SecondProcessOnTheFolderIsRefusedAndNamesTheFirst) {
  const auto first = Daemon::Start(settings_);
  ASSERT_TRUE(first.ok());
  const auto second = Daemon::Start(settings_);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().ToString(), HasSubstr(std::to_string(getpid())));
}

TEST_F(DaemonTest, LostEnvelopeKeyIsNotReplacedInSilence) {
  ASSERT_TRUE(Daemon::Start(settings_).ok());
  std::filesystem::remove(settings_.envelope_key);
  const auto again = Daemon::Start(settings_);
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.error().ToString(), HasSubstr("envelope.key"));
}

TEST_F(DaemonTest, PortThatIsTakenIsNamed) {
  const auto first = Daemon::Start(settings_);
  ASSERT_TRUE(first.ok());
  Settings other = settings_;
  other.data_dir = (folder_ / "other").string();
  other.api_listen.port = (*first)->api_port();
  const auto second = Daemon::Start(other);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().ToString(), HasSubstr(other.api_listen.Text()));
}

TEST_F(DaemonTest, HttpsTellsHealthReadinessAndMetricsToWhoTrustsTheCa) {
  const auto daemon = Daemon::Start(settings_);
  ASSERT_TRUE(daemon.ok());
  const auto context = client::ResolveContext({}, Variables());
  ASSERT_TRUE(context.ok());
  const std::string ca = (folder_ / "ca.pem").string();
  std::ofstream(ca) << context->ca_pem;
  httplib::SSLClient https("127.0.0.1", (*daemon)->https_port());
  https.set_ca_cert_path(ca.c_str());
  https.enable_server_certificate_verification(true);
  EXPECT_EQ(Body(https.Get("/healthz")), "ok\n");
  EXPECT_EQ(Body(https.Get("/readyz")), "ready\n");
  EXPECT_THAT(Body(https.Get("/metrics")), HasSubstr("podwright_epoch 1\n"));
  const auto missing = https.Get("/nowhere");
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->status, 404);
}

TEST_F(DaemonTest, ListenersCertificateIsIssuedAnewBeforeItExpires) {
  FakeClock clock;
  store::MemoryStore store(clock);
  crypto::EnvelopeKeyring keys;
  ASSERT_TRUE(keys.Add("k", crypto::SecretBytes(std::string(32, 'k'))).ok());
  const auto authority = ca::CertificateAuthority::Open(store, keys, clock);
  ASSERT_TRUE(authority.ok());
  crypto::SubjectNames names;
  names.dns = {"localhost"};
  const auto identity = ServerIdentity::Open(**authority, clock, names, folder_ / "tls");
  ASSERT_TRUE(identity.ok()) << identity.error().ToString();
  const std::string first = (*identity)->Current()->chain_pem;
  clock.Advance(std::chrono::hours(24 * 10));
  ASSERT_TRUE((*identity)->RenewIfDue().ok());
  EXPECT_EQ((*identity)->Current()->chain_pem, first);
  clock.Advance(std::chrono::hours(24 * 11));
  ASSERT_TRUE((*identity)->RenewIfDue().ok());
  const std::string second = (*identity)->Current()->chain_pem;
  EXPECT_NE(second, first);
  std::ifstream file((*identity)->ChainFile());
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), second);
  struct stat info {};
  ASSERT_EQ(stat((*identity)->KeyFile().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(DaemonTest, ListenersCertificateFollowsTheRootThatSigns) {
  FakeClock clock;
  store::MemoryStore store(clock);
  crypto::EnvelopeKeyring keys;
  ASSERT_TRUE(keys.Add("k", crypto::SecretBytes(std::string(32, 'k'))).ok());
  const auto authority = ca::CertificateAuthority::Open(store, keys, clock);
  ASSERT_TRUE(authority.ok());
  crypto::SubjectNames names;
  names.dns = {"localhost"};
  const auto identity = ServerIdentity::Open(**authority, clock, names, folder_ / "tls");
  ASSERT_TRUE(identity.ok());
  const std::string first = (*identity)->Current()->chain_pem;
  ASSERT_TRUE((*authority)->BeginRollover().ok());
  ASSERT_TRUE((*identity)->RenewIfDue().ok());
  EXPECT_EQ((*identity)->Current()->chain_pem, first);
  ASSERT_TRUE((*authority)->SwitchRoots().ok());
  ASSERT_TRUE((*identity)->RenewIfDue().ok());
  EXPECT_NE((*identity)->Current()->chain_pem, first);
}

TEST_F(DaemonTest, ServiceManagerIsTold) {
  const std::string path = (folder_ / "notify").string();
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_TRUE(Notify(path, "READY=1").ok());
  char text[32] = {};
  EXPECT_EQ(recv(fd, text, sizeof text, 0), 7);
  EXPECT_STREQ(text, "READY=1");
  close(fd);
  EXPECT_TRUE(Notify("", "READY=1").ok());
  EXPECT_FALSE(Notify("relative", "READY=1").ok());
}

}  // namespace
}  // namespace podwright::daemon
