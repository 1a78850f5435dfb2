#include "agent/drivers/load_balancer/health/prober.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <optional>

namespace podwright::drivers {
namespace {

using std::chrono::milliseconds;

// A member on loopback that answers every connection with the same text; none: it takes connections and is silent.
class Member {
 public:
  explicit Member(std::optional<std::string> answer, int port = 0) : answer_(std::move(answer)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    ::listen(fd_, 16);
    thread_ = std::thread([this] { Serve(); });
  }
  ~Member() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
    for (const int caller : callers_) ::close(caller);
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  int port() const { return port_; }
  void Say(const std::string& answer) {
    std::lock_guard lock(mutex_);
    answer_ = answer;
  }
  std::string asked() {
    std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  void Serve() {
    for (;;) {
      const int caller = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (caller < 0) return;
      std::unique_lock lock(mutex_);
      callers_.push_back(caller);
      if (!answer_) continue;
      const bool roles = answer_->starts_with("podwright-roles");
      const std::string answer = *answer_;
      lock.unlock();
      std::string request(4096, '\0');
      if (!roles) {
        const ssize_t got = ::recv(caller, request.data(), request.size(), 0);
        lock.lock();
        if (got > 0) asked_ = request.substr(0, static_cast<std::size_t>(got));
        lock.unlock();
      }
      ::send(caller, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::shutdown(caller, SHUT_WR);
    }
  }

  std::mutex mutex_;
  std::optional<std::string> answer_;
  std::string asked_;
  std::vector<int> callers_;
  int fd_ = -1;
  int port_ = 0;
  std::thread thread_;
};

class ProberTest : public ::testing::Test {
 protected:
  static ProbeTarget Target(ProbeType type, int port) {
    ProbeTarget target;
    target.type = type;
    target.address = "127.0.0.1";
    target.port = port;
    target.path = "/health";
    target.interval = milliseconds(5);
    target.timeout = milliseconds(10'000);
    target.fall = 2;
    target.rise = 2;
    return target;
  }
  // The next turn; fails the test when none comes.
  ProbeTurn Next() {
    std::unique_lock lock(mutex_);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (turns_.empty()) {
      for (auto& turn : prober_.TakeTurns()) turns_.push_back(std::move(turn));
      if (!turns_.empty()) break;
      if (!news_.wait_until(lock, end, [&] { return told_; })) break;
      told_ = false;
    }
    EXPECT_FALSE(turns_.empty());
    if (turns_.empty()) return {};
    ProbeTurn turn = turns_.front();
    turns_.erase(turns_.begin());
    return turn;
  }

  std::mutex mutex_;
  std::condition_variable news_;
  bool told_ = false;
  std::vector<ProbeTurn> turns_;
  Prober prober_{[this] {
    std::lock_guard lock(mutex_);
    told_ = true;
    news_.notify_all();
  }};
};

int FreePort() {
  return Member(std::nullopt).port();
}

TEST_F(ProberTest, AMemberThatTakesNoConnectionsGoesDownAndComesBack) {
  const int port = FreePort();
  prober_.SetTargets({{"a", {Target(ProbeType::kTcp, port), true}}});
  const ProbeTurn down = Next();
  EXPECT_EQ(down.id, "a");
  EXPECT_FALSE(down.up);
  EXPECT_EQ(down.why, "no connection: Connection refused");
  const Member member(std::nullopt, port);
  EXPECT_TRUE(Next().up);
}

TEST_F(ProberTest, TheStatusDecidesWhetherAnHttpMemberIsUp) {
  Member member("HTTP/1.1 503 Service Unavailable\r\n\r\n");
  ProbeTarget target = Target(ProbeType::kHttp, member.port());
  target.host = "shop.example";
  prober_.SetTargets({{"a", {target, true}}});
  const ProbeTurn down = Next();
  EXPECT_FALSE(down.up);
  EXPECT_EQ(down.why, "answers 503");
  EXPECT_TRUE(member.asked().starts_with("GET /health HTTP/1.1\r\nHost: shop.example\r\n")) << member.asked();
  member.Say("HTTP/1.0 204 No Content\r\n\r\n");
  EXPECT_TRUE(Next().up);
}

TEST_F(ProberTest, AStatusThatIsAskedForIsTheOnlyRightOne) {
  const Member member("HTTP/1.1 200 OK\r\n\r\n");
  ProbeTarget target = Target(ProbeType::kHttp, member.port());
  target.status = 418;
  prober_.SetTargets({{"a", {target, true}}});
  EXPECT_EQ(Next().why, "answers 200 and not 418");
}

TEST_F(ProberTest, WhatIsNotHttpIsDown) {
  const Member member("SSH-2.0-OpenSSH_9.2p1 Debian\r\n");
  prober_.SetTargets({{"a", {Target(ProbeType::kHttp, member.port()), true}}});
  EXPECT_EQ(Next().why, "the answer is not HTTP");
}

TEST_F(ProberTest, ATlsProbeOfAMemberWithoutTlsIsDown) {
  const Member member("HTTP/1.1 200 OK\r\n\r\n");
  ProbeTarget target = Target(ProbeType::kHttp, member.port());
  target.tls = true;
  prober_.SetTargets({{"a", {target, true}}});
  const ProbeTurn down = Next();
  EXPECT_FALSE(down.up);
  EXPECT_NE(down.why.find("no TLS"), std::string::npos) << down.why;
}

TEST_F(ProberTest, AMemberThatIsSilentIsDownWhenItsTimeIsOver) {
  const Member member(std::nullopt);
  ProbeTarget target = Target(ProbeType::kHttp, member.port());
  target.timeout = milliseconds(20);
  prober_.SetTargets({{"a", {target, true}}});
  EXPECT_EQ(Next().why, "no answer within 20 ms");
}

TEST_F(ProberTest, RolesAreToldWheneverTheyChange) {
  const std::string before = "podwright-roles 1\ndatabase orders replica 3 -\n";
  const std::string after = "podwright-roles 1\ndatabase orders primary 4 -\n";
  Member member(before);
  prober_.SetTargets({{"r", {Target(ProbeType::kRoles, member.port()), true}}});
  EXPECT_EQ(Next().answer, before);
  member.Say(after);
  EXPECT_EQ(Next().answer, after);
  member.Say("podwright-roles 1\nnonsense\n");
  const ProbeTurn silent = Next();
  EXPECT_FALSE(silent.up);
  EXPECT_EQ(silent.answer, "");
}

TEST_F(ProberTest, ATargetThatIsTakenAwayHasNoTurnsAnyMore) {
  const int port = FreePort();
  prober_.SetTargets({{"a", {Target(ProbeType::kTcp, port), true}}});
  Next();
  prober_.SetTargets({{"b", {Target(ProbeType::kTcp, port), true}}});
  EXPECT_EQ(Next().id, "b");
}

TEST_F(ProberTest, ANameIsNeverLookedUp) {
  ProbeTarget target = Target(ProbeType::kTcp, 80);
  target.address = "localhost";
  prober_.SetTargets({{"a", {target, true}}});
  EXPECT_EQ(Next().why, "\"localhost\" is no address");
}

}  // namespace
}  // namespace podwright::drivers
