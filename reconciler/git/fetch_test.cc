// Fetching, and what a failing one says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>

#include "reconciler/git/fetch_message.h"
#include "reconciler/git/library_fetcher.h"
#include "reconciler/git/mirror.h"
#include "reconciler/git/testing/repository.h"

namespace podwright::git {
namespace {

using ::testing::HasSubstr;

FetchRequest RequestOf(const testing::Repository& repository, const std::string& branch = "main") {
  FetchRequest request;
  request.mirror = repository.folder() / "mirror.git";
  request.url = repository.Url();
  request.branch = branch;
  return request;
}

TEST(Fetch, TheHeadOfTheBranchComesAndWhatIsNewLater) {
  testing::Repository repository;
  const std::string one = repository.Commit("one");
  LibraryFetcher fetcher;
  EXPECT_EQ(fetcher.Fetch(RequestOf(repository)).value(), one);
  const std::string two = repository.Commit("two");
  repository.Git({"branch", "other", one});
  EXPECT_EQ(fetcher.Fetch(RequestOf(repository)).value(), two);
  EXPECT_EQ(fetcher.Fetch(RequestOf(repository)).value(), two);
  EXPECT_EQ(fetcher.Fetch(RequestOf(repository, "other")).value(), one);
}

TEST(Fetch, AMissingBranchAndAMissingRepositoryAreNamed) {
  testing::Repository repository;
  repository.Commit("one");
  LibraryFetcher fetcher;
  const auto branch = fetcher.Fetch(RequestOf(repository, "nowhere"));
  EXPECT_EQ(branch.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(branch.error().ToString(), HasSubstr("there is no branch nowhere"));
  FetchRequest request = RequestOf(repository);
  request.url = "file://" + (repository.folder() / "none").string();
  EXPECT_THAT(fetcher.Fetch(request).error().ToString(), HasSubstr("none"));
}

TEST(Fetch, AMirrorThatIsNoRepositoryIsDataLoss) {
  testing::Repository repository;
  repository.Commit("one");
  FetchRequest request = RequestOf(repository);
  ASSERT_TRUE(LibraryFetcher().Fetch(request).ok());
  std::filesystem::remove_all(request.mirror / "objects");
  std::filesystem::remove_all(request.mirror / "refs");
  EXPECT_EQ(LibraryFetcher().Fetch(request).error().code(), ErrorCode::kDataLoss);
}

TEST(Fetch, WhatIsLargerThanItMayBeIsNotTakenAndSpoilsNothing) {
  testing::Repository repository;
  repository.Commit("one");
  FetchRequest request = RequestOf(repository);
  ASSERT_TRUE(LibraryFetcher().Fetch(request).ok());
  std::string noise;
  std::uint32_t state = 1;
  for (int i = 0; i < 300'000; ++i) noise += static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
  repository.Write("noise", noise);
  const std::string two = repository.Commit("two");
  request.max_bytes = 100'000;
  const auto refused = LibraryFetcher().Fetch(request);
  EXPECT_EQ(refused.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_THAT(refused.error().ToString(), HasSubstr("it is larger than"));
  request.max_bytes = 1'000'000;
  EXPECT_EQ(LibraryFetcher().Fetch(request).value(), two);
}

TEST(FetchMessages, EverythingArrivesAsItWasAndSecretsMayBeAnyBytes) {
  FetchRequest request;
  request.mirror = "/m";
  request.url = "ssh://git@host:2222/x";
  request.branch = "main";
  request.username = "u";
  request.secret = crypto::SecretString(std::string_view("a\0\xff\n", 4));
  request.host_keys = {"ssh-ed25519 AAAA"};
  request.ca_pem = "pem";
  request.max_bytes = 7;
  const FetchRequest read = DecodeRequest(EncodeRequest(request)).value();
  EXPECT_EQ(read.mirror, request.mirror);
  EXPECT_EQ(read.url, request.url);
  EXPECT_EQ(read.secret.Reveal(), request.secret.Reveal());
  EXPECT_EQ(read.host_keys, request.host_keys);
  EXPECT_EQ(read.ca_pem, "pem");
  EXPECT_EQ(read.max_bytes, 7U);
  EXPECT_FALSE(DecodeRequest("nothing").ok());
  EXPECT_EQ(DecodeAnswer(EncodeAnswer(std::string("abc"))).value(), "abc");
  const auto error = DecodeAnswer(EncodeAnswer(NotFound("gone \xff")));
  EXPECT_EQ(error.error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(DecodeAnswer("{}").ok());
}

}  // namespace
}  // namespace podwright::git
