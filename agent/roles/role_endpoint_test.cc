#include "agent/roles/role_endpoint.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <mutex>
#include <thread>

namespace podwright::roles {
namespace {

using std::chrono::milliseconds;

class RoleEndpointTest : public ::testing::Test {
 protected:
  void Start(bool wanted = true) {
    wanted_ = wanted;
    RoleEndpointOptions options;
    options.host = "127.0.0.1";
    options.port = 0;
    options.look = milliseconds(5);
    options.fresh_for = milliseconds(0);
    endpoint_ = std::make_unique<RoleEndpoint>(options, RoleSources{[this] { return wanted_.load(); },
                                                                    [this] {
                                                                      std::lock_guard lock(mutex_);
                                                                      return claims_;
                                                                    }});
    thread_ = std::thread([this] { endpoint_->Run(); });
  }
  void TearDown() override {
    if (!endpoint_) return;
    endpoint_->Stop();
    thread_.join();
  }
  bool Await(bool listening) {
    for (int i = 0; i < 10'000 && (endpoint_->port() != 0) != listening; ++i) std::this_thread::yield();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while ((endpoint_->port() != 0) != listening && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return (endpoint_->port() != 0) == listening;
  }
  // -1 where nobody listens.
  static int Connect(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
  }
  static std::string ReadAll(int fd) {
    std::string text;
    std::array<char, 4096> buffer;
    for (ssize_t size = 0; (size = ::read(fd, buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    ::close(fd);
    return text;
  }
  void Claim(std::vector<RoleClaim> claims) {
    std::lock_guard lock(mutex_);
    claims_ = std::move(claims);
  }

  std::atomic<bool> wanted_{true};
  std::mutex mutex_;
  std::vector<RoleClaim> claims_{{"database", "orders", Role::kPrimary, 3, ""}};
  std::unique_ptr<RoleEndpoint> endpoint_;
  std::thread thread_;
};

TEST_F(RoleEndpointTest, WhoAsksIsToldTheClaimsOfNow) {
  Start();
  ASSERT_TRUE(Await(true));
  EXPECT_EQ(ReadAll(Connect(endpoint_->port())), "podwright-roles 1\ndatabase orders primary 3 -\n");
  Claim({{"database", "orders", Role::kReplica, 4, "10.0.0.2:5432"}});
  EXPECT_EQ(ReadAll(Connect(endpoint_->port())), "podwright-roles 1\ndatabase orders replica 4 10.0.0.2:5432\n");
}

TEST_F(RoleEndpointTest, ItListensOnlyWhileThereIsSomethingToTell) {
  Start(false);
  wanted_ = true;
  ASSERT_TRUE(Await(true));
  const int port = endpoint_->port();
  wanted_ = false;
  ASSERT_TRUE(Await(false));
  EXPECT_EQ(Connect(port), -1);
  wanted_ = true;
  EXPECT_TRUE(Await(true));
}

TEST_F(RoleEndpointTest, CallersThatTakeNothingDoNotKeepOthersOut) {
  std::vector<RoleClaim> many;
  for (int i = 0; i < 200; ++i) many.push_back({"database", std::string(400, 'n'), Role::kReplica, 1, ""});
  Claim(many);
  Start();
  ASSERT_TRUE(Await(true));
  std::vector<int> idle;
  for (int i = 0; i < 20; ++i) idle.push_back(Connect(endpoint_->port()));
  EXPECT_EQ(ReadAll(Connect(endpoint_->port())), FormatClaims(many));
  for (const int fd : idle) ::close(fd);
}

}  // namespace
}  // namespace podwright::roles
