#include "kinds/load_balancer/configuration_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kinds/defaults.h"
#include "kinds/load_balancer/nginx_words.h"
#include "kinds/registry.h"

namespace podwright::kinds {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigurationTextTest : public ::testing::Test {
 protected:
  ConfigurationTextTest() {
    spec_.add_servers("lb-1");
    (*spec_.mutable_listeners())["web"].set_port(80);
    (*(*spec_.mutable_backends())["app"].mutable_servers())["web-1"].set_port(8080);
    Route("root").set_backend("app");
  }
  LoadBalancerRoute& Route(const std::string& name) { return (*spec_.mutable_routes())[name]; }
  LoadBalancerListener& Https() {
    LoadBalancerListener& listener = (*spec_.mutable_listeners())["tls"];
    listener.set_protocol("https");
    listener.set_port(443);
    (*listener.mutable_certificates())["main"].mutable_certificate()->set_secret("web-tls");
    return listener;
  }
  std::string Text(BalancerSide side = BalancerSide::kHttp) {
    LoadBalancerSpec filled = spec_;
    FillDefaults(*AllKinds().Find("load_balancer"), &filled, 0);
    return ConfigurationText("web", filled, side, {{"web-tls", 3}, {"web-key", 4}});
  }

  LoadBalancerSpec spec_;
};

TEST_F(ConfigurationTextTest, TheSameSpecIsTheSameText) {
  Route("api").set_path("/api");
  Route("api").set_backend("app");
  Https();
  EXPECT_EQ(Text(), Text());
  EXPECT_THAT(Text(), HasSubstr("listen unix:/run/podwright-lb-web-http/generation.sock;"));
  EXPECT_THAT(Text(), HasSubstr("worker_shutdown_timeout 60s;"));
}

TEST_F(ConfigurationTextTest, APrefixIsWholeSegmentsAndAnExactRouteOfTheSamePathWins) {
  Route("api").set_path("/api");
  Route("api").set_backend("app");
  EXPECT_THAT(Text(), HasSubstr("location = \"/api\" {"));
  EXPECT_THAT(Text(), HasSubstr("location \"/api/\" {"));
  Route("only").set_path("/api");
  Route("only").set_match("exact");
  Route("only").mutable_respond()->set_body("here");
  const std::string text = Text();
  EXPECT_EQ(text.find("location = \"/api\" {"), text.rfind("location = \"/api\" {"));
}

TEST_F(ConfigurationTextTest, AHostThatIsNamedHasItsOwnServerAndAnswers404ToTheRest) {
  Route("shop").add_hosts("Shop.example.org");
  Route("shop").set_path("/cart");
  Route("shop").set_backend("app");
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("server_name shop.example.org;"));
  EXPECT_THAT(text, HasSubstr("listen 80 default_server;"));
  EXPECT_THAT(text.substr(text.find("server_name shop.example.org")), HasSubstr("return 404;"));
}

TEST_F(ConfigurationTextTest, WhatPeopleWriteIsNeverSyntax) {
  Route("text").set_path("/x\" { } ;");
  Route("text").mutable_respond()->set_body("a \"b\" $uri \\ ; }\nc");
  (*Route("text").mutable_response_headers())["X-A"] = "$host\"; } evil";
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("location = \"/x\\\" { } ;\" {"));
  EXPECT_THAT(text, HasSubstr("return 200 \"a \\\"b\\\" ${pw_dollar}uri \\\\ ; }\nc\";"));
  EXPECT_THAT(text, HasSubstr("add_header X-A \"${pw_dollar}host\\\"; } evil\" always;"));
}

TEST_F(ConfigurationTextTest, ALongBodyIsPutTogetherFromPiecesThatFitAsWords) {
  Route("text").set_path("/long");
  Route("text").mutable_respond()->set_body(std::string(20'000, '$'));
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("set $pw_piece_1 "));
  std::size_t longest = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find(' ', at);
    longest = std::max(longest, (end == std::string::npos ? text.size() : end) - at);
    at = end == std::string::npos ? text.size() : end + 1;
  }
  EXPECT_LT(longest, 4096U);
}

TEST_F(ConfigurationTextTest, AFixedAnswerUnderAccessRulesComesAfterThem) {
  Route("inner").set_path("/inner");
  Route("inner").mutable_respond()->set_body("secret");
  Route("inner").add_allow("10.0.0.0/8");
  Route("inner").add_deny("10.1.0.0/16");
  const std::string text = Text();
  const std::string inner = text.substr(text.find("location \"/inner/\""));
  EXPECT_LT(inner.find("deny 10.1.0.0/16"), inner.find("allow 10.0.0.0/8"));
  EXPECT_LT(inner.find("allow 10.0.0.0/8"), inner.find("deny all"));
  EXPECT_LT(inner.find("deny all"), inner.find("try_files"));
  EXPECT_THAT(inner, HasSubstr("location @pw_inner {"));
}

TEST_F(ConfigurationTextTest, MaintenanceIsOfTheRoutesThatItNamesAndNotOfThoseWhoAreExcepted) {
  Route("api").set_path("/api");
  Route("api").set_backend("app");
  auto& page = *spec_.mutable_maintenance();
  page.add_routes("api");
  page.add_except("192.0.2.0/24");
  page.set_retry_after(60'000);
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("geo $pw_maintenance {\n    default 1;\n    192.0.2.0/24 0;\n  }"));
  EXPECT_THAT(text, HasSubstr("Retry-After 60 always"));
  EXPECT_THAT(text.substr(text.find("# route root")), Not(HasSubstr("$pw_maintenance) {\n        return 599")));
  page.set_enabled(false);
  EXPECT_THAT(Text(), Not(HasSubstr("pw_maintenance")));
}

TEST_F(ConfigurationTextTest, TheCertificateIsThatOfTheHostAndAnotherVersionIsAnotherFile) {
  LoadBalancerListener& https = Https();
  auto& shop = (*https.mutable_certificates())["shop"];
  shop.mutable_certificate()->set_secret("shop-tls");
  shop.mutable_certificate()->set_version(2);
  shop.mutable_private_key()->set_secret("web-key");
  shop.mutable_private_key()->set_key("private_key");
  shop.add_hosts("*.example.org");
  Route("shop").add_hosts("shop.example.org");
  Route("shop").set_backend("app");
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("/keys/web-tls.v3.pem;"));
  const std::string server = text.substr(text.find("listen 443 ssl http2;"));
  EXPECT_THAT(server, HasSubstr("ssl_certificate /etc/podwright/load-balancers/web/http/keys/shop-tls.v2.pem;"));
  EXPECT_THAT(server, HasSubstr("keys/web-key.private_key.v4.pem;"));
  std::vector<std::string> names;
  for (const auto& [name, file] : KeyFilesOf(spec_, {{"web-tls", 3}, {"web-key", 4}})) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("shop-tls.v2.pem", "web-key.private_key.v4.pem", "web-tls.v3.pem"));
}

TEST_F(ConfigurationTextTest, ASecretThatIsACertificateHasItsKeyAsAPart) {
  (*Https().mutable_certificates())["main"].mutable_certificate()->set_key("certificate");
  const std::string text = Text();
  EXPECT_THAT(text,
              HasSubstr("ssl_certificate /etc/podwright/load-balancers/web/http/keys/web-tls.certificate.v3.pem;"));
  EXPECT_THAT(text, HasSubstr("keys/web-tls.private_key.v3.pem;"));
}

TEST_F(ConfigurationTextTest, StreamsHaveAnInstanceOfTheirOwn) {
  auto& db = (*spec_.mutable_listeners())["db"];
  db.set_protocol("tcp");
  db.set_port(5432);
  db.set_backend("app");
  db.set_idle_timeout(7'200'000);
  const std::string streams = Text(BalancerSide::kStreams);
  EXPECT_THAT(streams, HasSubstr("listen 5432;"));
  EXPECT_THAT(streams, HasSubstr("proxy_timeout 7200s;"));
  EXPECT_THAT(streams, HasSubstr("worker_shutdown_timeout 86400s;"));
  EXPECT_THAT(streams, HasSubstr("include /etc/podwright/load-balancers/web/streams/upstreams/app.conf;"));
  EXPECT_THAT(streams, Not(HasSubstr("http {")));
  EXPECT_THAT(Text(), Not(HasSubstr("5432")));
}

TEST_F(ConfigurationTextTest, AListenerThatRedirectsHasTheHttpsListenersPort) {
  Https().set_port(8443);
  (*spec_.mutable_listeners())["web"].set_redirect_to_https(true);
  EXPECT_THAT(Text(), HasSubstr("return 308 https://$host:8443$request_uri;"));
}

TEST(NginxWords, DurationsAndAddressesAreWrittenAsNginxReadsThem) {
  EXPECT_EQ(nginx::Duration(60'000), "60s");
  EXPECT_EQ(nginx::Duration(1'500), "1500ms");
  EXPECT_EQ(nginx::HostPort("2001:db8::1", 80), "[2001:db8::1]:80");
  EXPECT_TRUE(nginx::IsAddress("192.0.2.1"));
  EXPECT_FALSE(nginx::IsAddress("192.0.2.1; evil"));
}

}  // namespace
}  // namespace podwright::kinds
