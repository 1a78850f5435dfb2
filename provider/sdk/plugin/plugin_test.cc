// Handshake, socket, certificate and log lines, without a server.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "core/digest.h"
#include "provider/sdk/log_setup.h"
#include "provider/sdk/plugin/certificate.h"
#include "provider/sdk/plugin/environment.h"
#include "provider/sdk/plugin/socket.h"
#include "provider/sdk/value/json.h"

namespace podwright::sdk::plugin {
namespace {

using Variables = std::map<std::string, std::string>;

std::function<const char*(const char*)> From(const Variables& variables) {
  return [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

TEST(Environment, KnowsItsHost) {
  const Variables variables = {
      {"TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"},
      {"PLUGIN_PROTOCOL_VERSIONS", "6,5"},
      {"TMPDIR", "/t"}};
  const HostEnvironment environment = HostEnvironment::Read(From(variables));
  EXPECT_TRUE(environment.started_by_host);
  EXPECT_TRUE(CheckVersions(environment).ok());
  EXPECT_EQ(environment.socket_dir, "/t");
  EXPECT_FALSE(HostEnvironment::Read(From({{"TF_PLUGIN_MAGIC_COOKIE", "x"}})).started_by_host);
}

TEST(Environment, HostMustSpeakVersionSixOrSayNothing) {
  for (const char* spoken : {"6", "5,6", "6,5", "4,6,7", ",,6,", "x,6"}) {
    EXPECT_TRUE(CheckVersions({.versions = spoken}).ok()) << spoken;
  }
  EXPECT_TRUE(CheckVersions({}).ok());
  for (const char* other : {"5", "4,5", "7,8", "16,60", "6x", "six", "-6", ",", " ", "6.0", "\xff"}) {
    const Status status = CheckVersions({.versions = other});
    ASSERT_FALSE(status.ok()) << other;
    EXPECT_NE(status.error().message().find(std::string("only \"") + other + "\""), std::string::npos) << other;
  }
}

TEST(Handshake, IsOneLineWithAnUnpaddedCertificate) {
  EXPECT_EQ(HandshakeLine({}, "/tmp/s", ""), "1|6|unix|/tmp/s|grpc|\n");
  EXPECT_EQ(HandshakeLine({}, "/tmp/s", "a"), "1|6|unix|/tmp/s|grpc|YQ\n");
  EXPECT_EQ(HandshakeLine({.multiplex = true}, "/tmp/s", "abc"), "1|6|unix|/tmp/s|grpc|YWJj|false\n");
}

TEST(Reattach, NamesEveryAddress) {
  EXPECT_EQ(
      ReattachJson({"h/n/t"}, 7, "/s"),
      R"({"h/n/t":{"Protocol":"grpc","ProtocolVersion":6,"Pid":7,"Test":true,"Addr":{"Network":"unix","String":"/s"}}})");
  EXPECT_TRUE(ParseJson(ReattachJson({"a/b/c", "d/e/f"}, 7, "/s")).ok());
}

TEST(Socket, PathFitsTheKernel) {
  SeededRandom random(1);
  EXPECT_EQ(ChooseSocketPath({.socket_dir = "/run"}, random).value().rfind("/run/plugin-", 0), 0U);
  const std::string longest(200, 'x');
  EXPECT_EQ(ChooseSocketPath({.socket_dir = longest}, random).value().rfind("/tmp/plugin-", 0), 0U);
  EXPECT_FALSE(ChooseSocketPath({.socket_dir = longest, .socket_dir_required = true}, random).ok());
  EXPECT_EQ(SocketAddress("/a b/%c"), "unix:/a%20b/%25c");
}

TEST(Socket, IsSharedWithAGroupByNameOrNumber) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "sdk-group";
  std::filesystem::create_directories(folder);
  const std::string socket = folder / "socket";
  const std::string groups = folder / "group";
  std::ofstream(socket) << "";
  std::ofstream(groups) << "root:x:0:\nplugins:x:" << ::getgid() << ":a,b\nbroken\n";
  EXPECT_TRUE(ShareWithGroup(socket, "plugins", groups).ok());
  struct stat info {};
  ASSERT_EQ(::stat(socket.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0660U);
  EXPECT_EQ(info.st_gid, ::getgid());
  EXPECT_TRUE(ShareWithGroup(socket, std::to_string(::getgid()), groups).ok());
  EXPECT_FALSE(ShareWithGroup(socket, "nobody-of-that-name", groups).ok());
  std::filesystem::remove_all(folder);
}

TEST(Certificate, IsForLocalhostOnP256) {
  const Certificate certificate = MakeCertificate().value();
  const auto* bytes = reinterpret_cast<const unsigned char*>(certificate.cert_der.data());
  X509* cert = d2i_X509(nullptr, &bytes, static_cast<long>(certificate.cert_der.size()));
  ASSERT_NE(cert, nullptr);
  EXPECT_EQ(X509_check_host(cert, "localhost", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr), 1);
  EXPECT_EQ(EVP_PKEY_get_bits(X509_get0_pubkey(cert)), 256);
  EXPECT_EQ(X509_verify(cert, X509_get0_pubkey(cert)), 1);
  X509_free(cert);
  EXPECT_EQ(certificate.key_pem.rfind("-----BEGIN PRIVATE KEY-----", 0), 0U);
}

TEST(Log, LevelComesFromTheNearestVariable) {
  EXPECT_EQ(LogLevelFromEnvironment("toy", From({})), LogLevel::kWarn);
  EXPECT_EQ(LogLevelFromEnvironment("toy", From({{"TF_LOG", "info"}})), LogLevel::kInfo);
  EXPECT_EQ(LogLevelFromEnvironment("toy", From({{"TF_LOG", "JSON"}})), LogLevel::kTrace);
  EXPECT_EQ(LogLevelFromEnvironment("my-toy", From({{"TF_LOG", "TRACE"}, {"TF_LOG_PROVIDER_MY_TOY", "OFF"}})),
            LogLevel::kOff);
}

TEST(Log, LineIsOneJsonObjectBelowTheHostsLimit) {
  const std::string line = FormatLogLine(LogLevel::kInfo, "m", std::string(100'000, '\x01'),
                                         {{"a", "x\n\"\xff"}, {"b", std::string(100'000, '\x02')}}, "t");
  EXPECT_LT(line.size(), 64U * 1024);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const Value parsed = ParseJson(line).value();
  EXPECT_EQ(parsed.Get("@level"), Value::String("info"));
  EXPECT_EQ(parsed.Get("a"), Value::String("x\n\"\xEF\xBF\xBD"));
}

}  // namespace
}  // namespace podwright::sdk::plugin
