// What no single field of a git_source shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "kinds/testing/testing_kinds.h"
#include "kinds/validate.h"
#include "podwright/v1/kinds/git_source.pb.h"

namespace podwright::kinds {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using v1::kinds::GitSourceSpec;

constexpr char kKey[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZvbzpiYXI6YmF6OnF1eDpmb286YmFyOmJh";

GitSourceSpec At(const std::string& url) {
  GitSourceSpec spec;
  spec.set_url(url);
  return spec;
}
std::string Errors(const GitSourceSpec& spec) {
  return Validate(*TestingKinds().Find("git_source"), spec).ToString();
}

TEST(GitSourceRules, WhereNobodyKnowsWhoAnswersIsRefused) {
  EXPECT_EQ(Errors(At("https://example.org/plans.git")), "");
  EXPECT_EQ(Errors(At("file:///srv/plans.git")), "");
  EXPECT_THAT(Errors(At("http://example.org/plans.git")), HasSubstr("url:"));
  EXPECT_THAT(Errors(At("ext::sh -c id")), HasSubstr("url:"));
  EXPECT_THAT(Errors(At("https://ada:password@example.org/plans.git")), HasSubstr("url:"));
  EXPECT_THAT(Errors(At("ssh://git@example.org/plans.git")), AllOf(HasSubstr("host_keys:"), HasSubstr("credentials:")));
  EXPECT_THAT(Errors(At("git://example.org/plans.git")), HasSubstr("verification:"));
  GitSourceSpec spec = At("git://example.org:9418/plans.git");
  (*spec.mutable_verification()->mutable_signers())["ada"].set_ssh_key(kKey);
  EXPECT_EQ(Errors(spec), "");
  spec.mutable_credentials()->set_secret("token");
  EXPECT_THAT(Errors(spec), HasSubstr("credentials: a file:// or git:// repository asks for no credentials"));
}

TEST(GitSourceRules, WhatAnotherTransportHasIsRefused) {
  GitSourceSpec spec = At("https://example.org/plans.git");
  spec.add_host_keys(kKey);
  EXPECT_THAT(Errors(spec), HasSubstr("host_keys: only an ssh:// server"));
  spec = At("file:///srv/plans.git");
  spec.set_ca("-----BEGIN CERTIFICATE-----");
  EXPECT_THAT(Errors(spec), HasSubstr("ca: only an https:// server"));
}

TEST(GitSourceRules, PathsAndBranchesLeadNowhereElse) {
  for (const char* path : {"..", "a/../../b", "a//b", "./a", "a/"}) {
    GitSourceSpec spec = At("file:///srv/plans.git");
    spec.set_path(path);
    EXPECT_THAT(Errors(spec), HasSubstr("path:")) << path;
  }
  for (const char* branch : {"a..b", "a/", "a.lock", "-x", "a//b"}) {
    GitSourceSpec spec = At("file:///srv/plans.git");
    spec.set_branch(branch);
    EXPECT_THAT(Errors(spec), HasSubstr("branch:")) << branch;
  }
  GitSourceSpec spec = At("file:///srv/plans.git");
  spec.set_path("/etc");
  EXPECT_THAT(Errors(spec), HasSubstr("path:"));
}

TEST(GitSourceRules, SomebodyMaySignWhereSignaturesAreAskedFor) {
  GitSourceSpec spec = At("https://example.org/plans.git");
  spec.mutable_verification();
  EXPECT_THAT(Errors(spec), HasSubstr("verification"));
  (*spec.mutable_verification()->mutable_signers())["ada"].set_pgp_key("no key");
  EXPECT_THAT(Errors(spec), HasSubstr("pgp_key"));
}

}  // namespace
}  // namespace podwright::kinds
