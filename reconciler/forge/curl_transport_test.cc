#include "reconciler/forge/curl_transport.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "reconciler/forge/testing/local_server.h"

namespace podwright::forge {
namespace {

using std::chrono::milliseconds;
using testing::Answered;
using testing::LocalServer;
using testing::SeenRequest;
using testing::Sending;

constexpr char kHere[] = "IP:127.0.0.1";

HttpRequest Request(const LocalServer& server, const std::string& method = "GET") {
  HttpRequest request;
  request.method = method;
  request.url = server.url() + "/repos?x=1";
  request.ca_pem = server.certificate_pem();
  if (method != "GET") request.body = "{}";
  return request;
}

ErrorCode CodeOf(const Result<HttpAnswer>& answer) {
  EXPECT_FALSE(answer.ok());
  return answer.ok() ? ErrorCode::kInternal : answer.error().code();
}

struct CurlTransportTest : public ::testing::Test {
  static void SetUpTestSuite() { setenv("no_proxy", "127.0.0.1", 1); }
  CurlTransport transport;
};

TEST_F(CurlTransportTest, SendsARequestAsItIsAndReadsTheAnswer) {
  LocalServer server(
      [](const SeenRequest&) { return Answered("[1]", "ETag:  \"x\" \r\nX-Empty:\r\nX-A: 1\r\nX-A: 2\r\n", 201); },
      kHere);
  const crypto::SecretString token("Bearer secret");
  HttpRequest request = Request(server, "PATCH");
  request.headers = {"Accept: application/json", "Content-Type: application/json"};
  request.credential_name = "Authorization";
  request.credential = &token;
  request.body = std::string("{\"a\":\0}", 7);
  const auto answer = transport.Send(request);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "[1]");
  EXPECT_EQ(answer->header("etag"), "\"x\"");
  EXPECT_EQ(answer->header("x-empty"), "");
  EXPECT_EQ(answer->header("x-a"), "2");
  const SeenRequest seen = server.seen().at(0);
  EXPECT_EQ(seen.method, "PATCH");
  EXPECT_EQ(seen.target, "/repos?x=1");
  EXPECT_EQ(seen.body, request.body);
  EXPECT_EQ(seen.headers.at("authorization"), "Bearer secret");
  EXPECT_EQ(seen.headers.at("content-type"), "application/json");
  EXPECT_TRUE(seen.headers.at("user-agent").starts_with("podwright/"));
  EXPECT_FALSE(seen.headers.contains("expect"));
  EXPECT_FALSE(seen.headers.contains("cookie"));
}

TEST_F(CurlTransportTest, DeletesWithoutABody) {
  LocalServer server([](const SeenRequest&) { return Sending{"HTTP/1.1 204 No Content\r\n\r\n"}; });
  HttpRequest request = Request(server, "DELETE");
  request.body.clear();
  const auto answer = transport.Send(request);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->status, 204);
  EXPECT_EQ(server.seen().at(0).method, "DELETE");
}

TEST_F(CurlTransportTest, OnlyTheCertificatesThatWereGivenAreTrusted) {
  LocalServer server([](const SeenRequest&) { return Answered("x"); }, kHere);
  LocalServer other([](const SeenRequest&) { return Answered("x"); }, kHere);
  HttpRequest request = Request(server);
  EXPECT_TRUE(transport.Send(request).ok());
  // The open connection of the trusted one is not used for who does not trust it.
  for (const std::string& wrong : {std::string(), other.certificate_pem()}) {
    request.ca_pem = wrong;
    const auto refused = transport.Send(request);
    EXPECT_EQ(CodeOf(refused), ErrorCode::kPermissionDenied);
    EXPECT_NE(refused.error().message().find("certificate"), std::string::npos) << refused.error().message();
  }
  request.ca_pem = "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n";
  EXPECT_FALSE(transport.Send(request).ok());
  EXPECT_EQ(server.seen().size(), 1U);
}

TEST_F(CurlTransportTest, ACertificateForAnotherNameIsNotTrusted) {
  LocalServer server([](const SeenRequest&) { return Answered("x"); }, "DNS:git.example");
  EXPECT_EQ(CodeOf(transport.Send(Request(server))), ErrorCode::kPermissionDenied);
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(CurlTransportTest, RedirectsAreAnswersAndNothingGoesElsewhere) {
  LocalServer elsewhere([](const SeenRequest&) { return Answered("x"); });
  LocalServer server([&](const SeenRequest&) { return Answered("", "Location: " + elsewhere.url() + "/x\r\n", 302); });
  const auto answer = transport.Send(Request(server));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(answer->header("location"), elsewhere.url() + "/x");
  EXPECT_TRUE(elsewhere.seen().empty());
}

TEST_F(CurlTransportTest, AConnectionThatIsCutLeavesUnknownWhatWasDone) {
  for (const char* subject : {"", kHere}) {
    for (const char* begun :
         {"", "HTTP/1.1 201 X\r\nContent-Le", "HTTP/1.1 201 X\r\nContent-Length: 10\r\n\r\n12345"}) {
      LocalServer server([&](const SeenRequest&) { return Sending{begun, Sending::kCut}; }, subject);
      EXPECT_EQ(CodeOf(transport.Send(Request(server, "POST"))), ErrorCode::kUnknown) << begun;
      EXPECT_EQ(server.seen().size(), 1U) << "sent again by itself";
    }
  }
}

TEST_F(CurlTransportTest, WithoutAConnectionNothingWasDone) {
  LocalServer server([](const SeenRequest&) { return Answered("x"); });
  const HttpRequest request = Request(server, "POST");
  server.Close();
  EXPECT_EQ(CodeOf(transport.Send(request)), ErrorCode::kUnavailable);
  // TLS to who speaks none: the request has not left.
  LocalServer plain([](const SeenRequest&) { return Answered("x"); });
  HttpRequest secure = Request(plain, "POST");
  secure.url.replace(0, 4, "https");
  secure.timeout = milliseconds(500);
  EXPECT_EQ(CodeOf(transport.Send(secure)), ErrorCode::kUnavailable);
  EXPECT_TRUE(plain.seen().empty());
}

TEST_F(CurlTransportTest, AnAnswerThatIsTooLateLeavesUnknownWhatWasDone) {
  for (const char* begun : {"", "HTTP/1.1 201 X\r\nContent-Length: 10\r\n\r\n12345"}) {
    LocalServer server([&](const SeenRequest&) { return Sending{begun, Sending::kHang}; });
    HttpRequest request = Request(server, "POST");
    request.timeout = milliseconds(1'000);
    EXPECT_EQ(CodeOf(transport.Send(request)), ErrorCode::kUnknown);
  }
}

TEST_F(CurlTransportTest, AnswersAreBounded) {
  LocalServer server([&](const SeenRequest&) { return Answered(std::string(70'000, 'x')); });
  HttpRequest request = Request(server);
  request.max_answer = 70'000;
  EXPECT_TRUE(transport.Send(request).ok());
  request.max_answer = 69'999;
  EXPECT_EQ(CodeOf(transport.Send(request)), ErrorCode::kOutOfRange);
  LocalServer chunks([&](const SeenRequest&) {
    return Sending{"HTTP/1.1 200 X\r\n\r\n" + std::string(4'096, 'x'), Sending::kCut, true};
  });
  request.url = chunks.url();
  EXPECT_EQ(CodeOf(transport.Send(request)), ErrorCode::kOutOfRange);
  LocalServer headers([&](const SeenRequest&) {
    return Sending{"HTTP/1.1 100 X\r\nX-Long: " + std::string(4'096, 'x') + "\r\n\r\n", Sending::kCut, true};
  });
  request.url = headers.url();
  EXPECT_FALSE(transport.Send(request).ok());
}

TEST_F(CurlTransportTest, WhatIsCompressedIsBoundedByWhatItBecomes) {
  // gzip of 100,000 zeros.
  const std::string zeros =
      std::string(
          "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xf5\x4f\x6d\x0d\x0f\xa0", 25) +
      std::string(96, '\0') + std::string("\x80\x57\x03\x7d\x95\x11\xd4\xa0\x86\x01\x00", 11);
  LocalServer server([&](const SeenRequest&) { return Answered(zeros, "Content-Encoding: gzip\r\n"); });
  HttpRequest request = Request(server);
  request.max_answer = 100'000;
  const auto answer = transport.Send(request);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->body, std::string(100'000, '\0'));
  request.max_answer = 99'999;
  EXPECT_EQ(CodeOf(transport.Send(request)), ErrorCode::kOutOfRange);
}

TEST_F(CurlTransportTest, ReadsShareAConnectionAndAWriteHasItsOwn) {
  LocalServer server([](const SeenRequest&) { return Answered("x"); }, kHere);
  ASSERT_TRUE(transport.Send(Request(server)).ok());
  ASSERT_TRUE(transport.Send(Request(server)).ok());
  ASSERT_TRUE(transport.Send(Request(server, "POST")).ok());
  ASSERT_TRUE(transport.Send(Request(server, "POST")).ok());
  const auto seen = server.seen();
  EXPECT_EQ(seen.at(0).connection, seen.at(1).connection);
  EXPECT_NE(seen.at(1).connection, seen.at(2).connection);
  EXPECT_NE(seen.at(2).connection, seen.at(3).connection);
}

TEST_F(CurlTransportTest, OnlyHttpIsSpoken) {
  for (const char* url :
       {"file:///etc/passwd", "ftp://127.0.0.1/x", "https://user:pass@127.0.0.1/", "https://a b/", ""}) {
    HttpRequest request;
    request.url = url;
    EXPECT_FALSE(transport.Send(request).ok()) << url;
  }
}

TEST_F(CurlTransportTest, ATokenIsForgottenAfterItsRequest) {
  LocalServer server([](const SeenRequest&) { return Answered("x"); });
  const crypto::SecretString token("Bearer secret");
  HttpRequest request = Request(server);
  request.credential_name = "Authorization";
  request.credential = &token;
  ASSERT_TRUE(transport.Send(request).ok());
  ASSERT_TRUE(transport.Send(Request(server)).ok());
  EXPECT_FALSE(server.seen().at(1).headers.contains("authorization"));
}

TEST_F(CurlTransportTest, ManyAtOnce) {
  LocalServer server([](const SeenRequest& request) { return Answered(request.body.empty() ? "read" : request.body); },
                     kHere);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 5; ++n) {
        HttpRequest request = Request(server, n % 2 == 0 ? "GET" : "POST");
        if (n % 2 == 1) request.body = std::to_string(i * 100 + n);
        const auto answer = transport.Send(request);
        ASSERT_TRUE(answer.ok()) << answer.error().message();
        EXPECT_EQ(answer->body, request.body.empty() ? "read" : request.body);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(CurlTransportTest, StopEndsWhatWaits) {
  LocalServer server([](const SeenRequest&) { return Sending{"", Sending::kHang}; });
  auto waiting = std::async(std::launch::async, [&] { return CodeOf(transport.Send(Request(server))); });
  server.WaitForRequests(1);
  transport.Stop();
  EXPECT_EQ(waiting.get(), ErrorCode::kCancelled);
  EXPECT_EQ(CodeOf(transport.Send(Request(server))), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace podwright::forge
