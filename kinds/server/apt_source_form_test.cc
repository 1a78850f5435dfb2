#include "kinds/server/apt_source_form.h"

#include <gtest/gtest.h>

#include "podwright/v1/kinds/server.pb.h"

namespace podwright::kinds {
namespace {

constexpr char kKey[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----";

v1::kinds::ServerAptSource Source() {
  v1::kinds::ServerAptSource source;
  source.set_uri("https://apt.example.org:8443/debian");
  source.set_suite("stable");
  source.add_components("main");
  source.set_key(kKey);
  return source;
}

TEST(AptSourceForm, TheKeyIsBelievedForThisSourceAlone) {
  const auto files = AptSourceFiles("pgdg", Source());
  ASSERT_TRUE(files.ok()) << files.error().ToString();
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].path, "/etc/apt/keyrings/podwright-pgdg.asc");
  EXPECT_EQ((*files)[0].content, std::string(kKey) + "\n");
  EXPECT_EQ((*files)[1].path, "/etc/apt/sources.list.d/podwright-pgdg.sources");
  EXPECT_NE((*files)[1].content.find("\nSigned-By: /etc/apt/keyrings/podwright-pgdg.asc\n"), std::string::npos);
  EXPECT_TRUE(IsOurAptSource((*files)[1].content));
  EXPECT_FALSE(IsOurAptSource("Types: deb\n"));
}

TEST(AptSourceForm, APriorityPinsTheHostWithoutItsPort) {
  auto source = Source();
  source.set_priority(990);
  const auto files = AptSourceFiles("pgdg", source);
  ASSERT_EQ(files->size(), 3U);
  EXPECT_NE((*files)[2].content.find("Pin: origin \"apt.example.org\"\nPin-Priority: 990\n"), std::string::npos);
}

TEST(AptSourceForm, EveryFieldChangesTheDigest) {
  const std::string first = AptSourceDigest(*AptSourceFiles("pgdg", Source()));
  EXPECT_EQ(first, AptSourceDigest(*AptSourceFiles("pgdg", Source())));
  auto other = Source();
  other.set_suite("testing");
  EXPECT_NE(first, AptSourceDigest(*AptSourceFiles("pgdg", other)));
  other = Source();
  other.set_priority(1);
  EXPECT_NE(first, AptSourceDigest(*AptSourceFiles("pgdg", other)));
  auto files = *AptSourceFiles("pgdg", Source());
  files[0].mode = 0600;
  EXPECT_NE(first, AptSourceDigest(files));
}

TEST(AptSourceForm, WhatIsNoPublicKeyIsRefusedWithTheReason) {
  EXPECT_EQ(WrongAptKey(kKey), "");
  EXPECT_NE(WrongAptKey("mQENBF").find("no armored PGP public key"), std::string::npos);
  EXPECT_NE(WrongAptKey("\x99\x01").find("not armored"), std::string::npos);
  EXPECT_NE(WrongAptKey("-----BEGIN PGP PRIVATE KEY BLOCK-----").find("private key"), std::string::npos);
}

TEST(AptSourceForm, ALineBreakInAFieldIsRefused) {
  auto source = Source();
  source.set_suite("stable\nTrusted: yes");
  EXPECT_FALSE(AptSourceFiles("pgdg", source).ok());
  EXPECT_FALSE(AptSourceFiles("../x", Source()).ok());
}

}  // namespace
}  // namespace podwright::kinds
