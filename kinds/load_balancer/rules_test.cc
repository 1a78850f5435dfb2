// What the rules of the kind load_balancer refuse, and what they let through.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kinds/diagnostic.h"
#include "kinds/registry.h"
#include "kinds/validate.h"
#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::kinds {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test
using ::testing::HasSubstr;

class LoadBalancerRulesTest : public ::testing::Test {
 protected:
  LoadBalancerRulesTest() {
    spec_.add_servers("edge");
    Listener("web", 80);
    (*Backend("app").mutable_servers())["web-1"].set_port(8080);
    Route("root").set_backend("app");
  }
  LoadBalancerListener& Listener(const std::string& name, int port, const std::string& protocol = "http") {
    LoadBalancerListener& listener = (*spec_.mutable_listeners())[name];
    listener.set_port(port);
    listener.set_protocol(protocol);
    return listener;
  }
  LoadBalancerBackend& Backend(const std::string& name) { return (*spec_.mutable_backends())[name]; }
  LoadBalancerRoute& Route(const std::string& name) { return (*spec_.mutable_routes())[name]; }
  std::string Errors() const { return Validate(*AllKinds().Find("load_balancer"), spec_).ToString(); }

  LoadBalancerSpec spec_;
};

TEST_F(LoadBalancerRulesTest, ASoundSpecPasses) {
  LoadBalancerListener& tls = Listener("tls", 443, "https");
  (*tls.mutable_certificates())["main"].mutable_certificate()->set_secret("tls");
  Listener("db", 5432, "tcp").set_backend("app");
  Listener("dns", 80, "udp").set_backend("app");
  Route("api").set_path("/api");
  Route("api").set_backend("app");
  EXPECT_EQ(Errors(), "");
}

TEST_F(LoadBalancerRulesTest, ListenersThatWantOneSocketAreRefused) {
  Listener("again", 80).set_address("192.0.2.1");
  EXPECT_THAT(Errors(), HasSubstr("the listeners again and web both want the port 80"));
  Listener("web", 80).set_address("192.0.2.2");
  EXPECT_EQ(Errors(), "");
}

TEST_F(LoadBalancerRulesTest, HttpsNeedsACertificateAndStreamsABackend) {
  Listener("tls", 443, "https");
  EXPECT_THAT(Errors(), HasSubstr("https needs a certificate"));
  spec_.mutable_listeners()->erase("tls");
  Listener("db", 5432, "tcp");
  EXPECT_THAT(Errors(), HasSubstr("a tcp listener needs a backend"));
  Listener("db", 5432, "tcp").set_backend("gone");
  EXPECT_THAT(Errors(), HasSubstr("there is no backend gone"));
}

TEST_F(LoadBalancerRulesTest, TwoRoutesForTheSameRequestsAreRefused) {
  Route("twice").set_path("/");
  Route("twice").set_backend("app");
  EXPECT_THAT(Errors(), HasSubstr("the routes root and twice both are for all other hosts and prefix /"));
  Route("twice").add_hosts("Example.org");
  EXPECT_EQ(Errors(), "");
  Route("third").add_hosts("example.ORG");
  Route("third").set_backend("app");
  EXPECT_THAT(Errors(), HasSubstr("third and twice both are for example.org"));
}

TEST_F(LoadBalancerRulesTest, AListenerWithoutRoutesAndARouteWithoutItsListenerAreRefused) {
  Route("root").add_listeners("gone");
  EXPECT_THAT(Errors(), HasSubstr("there is no listener gone"));
  EXPECT_THAT(Errors(), HasSubstr("no route is for this listener"));
}

TEST_F(LoadBalancerRulesTest, BackendsNeedMembersWithPortsAndOneThatIsNoBackup) {
  Backend("empty");
  EXPECT_THAT(Errors(), HasSubstr("the backend has no members"));
  auto& member = (*Backend("empty").mutable_addresses())["one"];
  member.set_address("192.0.2.300");
  member.set_backup(true);
  const std::string errors = Errors();
  EXPECT_THAT(errors, HasSubstr("one has no port"));
  EXPECT_THAT(errors, HasSubstr("\"192.0.2.300\" is not an address"));
  EXPECT_THAT(errors, HasSubstr("every member is a backup"));
}

TEST_F(LoadBalancerRulesTest, ADatabaseIsNoHttpBackendAndHasNoOtherMembers) {
  Backend("orders").mutable_database()->set_name("orders");
  Route("db").set_path("/db");
  Route("db").set_backend("orders");
  EXPECT_THAT(Errors(), HasSubstr("orders speaks no http"));
  spec_.mutable_routes()->erase("db");
  EXPECT_EQ(Errors(), "");
  (*Backend("orders").mutable_servers())["web-1"].set_port(5432);
  EXPECT_THAT(Errors(), HasSubstr("the members are those of one database"));
}

TEST_F(LoadBalancerRulesTest, WhatCannotBeSaidToNginxIsRefused) {
  Route("api").set_path("api");
  Route("api").set_backend("app");
  (*Route("api").mutable_response_headers())["X-A"] = "two\nlines";
  const std::string errors = Errors();
  EXPECT_THAT(errors, HasSubstr("a path begins with /"));
  EXPECT_THAT(errors, HasSubstr("a header is one line"));
}

}  // namespace
}  // namespace podwright::kinds
