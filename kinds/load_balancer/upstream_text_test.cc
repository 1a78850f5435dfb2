#include "kinds/load_balancer/upstream_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::kinds {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using v1::kinds::LoadBalancerKeptBackend;
using v1::kinds::LoadBalancerUpstream;

LoadBalancerUpstream Two() {
  LoadBalancerUpstream upstream;
  upstream.set_method("round_robin");
  int host = 1;
  for (const char* name : {"a", "b"}) {
    auto& candidate = (*upstream.mutable_candidates())[name];
    candidate.set_address("10.0.0." + std::to_string(host++));
    candidate.set_port(8080);
    candidate.set_weight(1);
  }
  return upstream;
}

LoadBalancerKeptBackend States(const std::string& a, const std::string& b) {
  LoadBalancerKeptBackend states;
  (*states.mutable_states())["a"] = a;
  (*states.mutable_states())["b"] = b;
  return states;
}

constexpr char kA[] = "server 10.0.0.1:8080 max_fails=1 fail_timeout=2s;\n";
constexpr char kB[] = "server 10.0.0.2:8080 max_fails=1 fail_timeout=2s;\n";

TEST(UpstreamText, EveryCandidateServesUntilSomethingIsKnown) {
  LoadBalancerUpstream upstream = Two();
  upstream.set_idle_connections(32);
  EXPECT_EQ(UpstreamText("app", upstream, {}), std::string("zone pw_app 128k;\n") + kA + kB + "keepalive 32;\n");
}

TEST(UpstreamText, OneThatIsDownGetsNothingAndAllThatAreDownGetAll) {
  const std::string one = UpstreamText("app", Two(), States("down", "up"));
  EXPECT_THAT(one, HasSubstr("10.0.0.1:8080 max_fails=1 fail_timeout=2s down;"));
  EXPECT_THAT(one, HasSubstr(kB));
  const std::string all = UpstreamText("app", Two(), States("down", "down"));
  EXPECT_THAT(all, HasSubstr(kA));
  EXPECT_THAT(all, HasSubstr(kB));
}

TEST(UpstreamText, AMemberThatDrainsStaysOutAlsoWhenTheOthersAreDown) {
  LoadBalancerUpstream upstream = Two();
  (*upstream.mutable_candidates())["a"].set_drain(true);
  EXPECT_THAT(UpstreamText("app", upstream, States("up", "down")),
              HasSubstr("10.0.0.1:8080 max_fails=1 fail_timeout=2s down;"));
  EXPECT_THAT(UpstreamText("app", upstream, States("up", "down")), HasSubstr(kB));
}

TEST(UpstreamText, MethodsWeightsLimitsBackupsAndIpv6AreSaid) {
  LoadBalancerUpstream upstream = Two();
  upstream.set_method("least_connections");
  auto& a = (*upstream.mutable_candidates())["a"];
  a.set_address("2001:db8::1");
  a.set_weight(5);
  a.set_max_connections(10);
  (*upstream.mutable_candidates())["b"].set_backup(true);
  const std::string text = UpstreamText("my-app", upstream, {});
  EXPECT_THAT(text, HasSubstr("zone pw_my_app 128k;\nleast_conn;\n"));
  EXPECT_THAT(text, HasSubstr("server [2001:db8::1]:8080 weight=5 max_conns=10 "));
  EXPECT_THAT(text, HasSubstr(" backup;"));
  upstream.set_method("source");
  EXPECT_THAT(UpstreamText("my-app", upstream, {}), HasSubstr("hash $remote_addr consistent;"));
}

TEST(UpstreamText, APrimaryIsFollowedAndTheLastKnownOneIsKept) {
  LoadBalancerUpstream upstream = Two();
  upstream.mutable_role()->set_role("primary");
  upstream.mutable_role()->set_initial("a");
  EXPECT_THAT(UpstreamText("db", upstream, {}), HasSubstr("10.0.0.1"));
  EXPECT_THAT(UpstreamText("db", upstream, {}), Not(HasSubstr("10.0.0.2")));
  LoadBalancerKeptBackend states = States("waiting", "up");
  states.set_primary("b");
  EXPECT_THAT(UpstreamText("db", upstream, states), HasSubstr("10.0.0.2"));
  EXPECT_THAT(UpstreamText("db", upstream, states), Not(HasSubstr("10.0.0.1")));
  LoadBalancerKeptBackend nobody = States("waiting", "waiting");
  nobody.set_primary("b");
  EXPECT_THAT(UpstreamText("db", upstream, nobody), HasSubstr("server 10.0.0.2:8080 max_fails=0;"));
}

TEST(UpstreamText, ReadsGoToReplicasAndWithoutAnyMemberNginxAnswersAtOnce) {
  LoadBalancerUpstream upstream = Two();
  upstream.mutable_role()->set_role("replica");
  upstream.mutable_role()->set_initial("a");
  EXPECT_THAT(UpstreamText("db", upstream, {}), Not(HasSubstr("10.0.0.1")));
  EXPECT_THAT(UpstreamText("db", upstream, States("up", "waiting")), HasSubstr("10.0.0.1"));
  EXPECT_THAT(UpstreamText("db", upstream, States("waiting", "waiting")), HasSubstr("server 127.0.0.1:9 down;"));
}

TEST(UpstreamDigest, CoversMembersAndIsTheSameForTheSame) {
  EXPECT_EQ(UpstreamDigest(Two()), UpstreamDigest(Two()));
  LoadBalancerUpstream other = Two();
  (*other.mutable_candidates())["b"].set_address("10.0.0.3");
  EXPECT_NE(UpstreamDigest(other), UpstreamDigest(Two()));
  other = Two();
  other.mutable_check()->set_type("http");
  EXPECT_NE(UpstreamDigest(other), UpstreamDigest(Two()));
}

}  // namespace
}  // namespace podwright::kinds
