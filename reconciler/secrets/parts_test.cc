#include "reconciler/secrets/parts.h"

#include <gtest/gtest.h>

namespace podwright::secrets {
namespace {

using crypto::SecretString;

TEST(Parts, TheyComeBackAsTheyWere) {
  Parts parts;
  parts["ca"] = SecretString(std::string_view("one\0two", 7));
  parts["private_key"] = SecretString(std::string_view(""));
  const auto encoded = EncodeParts(parts);
  ASSERT_TRUE(encoded.ok());
  const auto decoded = DecodeParts(*encoded);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(NamesOf(*decoded), (std::vector<std::string>{"ca", "private_key"}));
  EXPECT_EQ(PartOf(*encoded, "ca")->Reveal(), std::string_view("one\0two", 7));
  EXPECT_EQ(PartOf(*encoded, "private_key")->size(), 0U);
  EXPECT_EQ(PartOf(*encoded, "none").error().code(), ErrorCode::kNotFound);
}

TEST(Parts, DamagedBytesAreRefused) {
  for (const std::string_view bytes : {"abc",
                                       "\0\0\0\x05"
                                       "ab",
                                       "\xff\xff\xff\xff"}) {
    EXPECT_EQ(DecodeParts(SecretString(bytes.empty() ? "abc" : bytes)).error().code(), ErrorCode::kDataLoss);
  }
}

TEST(Parts, AJsonObjectHasJustTheNamedParts) {
  const auto parts = PartsFromJson(R"({"user": "app", "password": "x"})", {"user", "password"});
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->at("user").Reveal(), "app");
  for (const char* json : {"", "x", "[]", R"({"user": "app"})", R"({"user": 1, "password": "x"})",
                           R"({"user": "a", "password": "x", "more": "y"})", R"({"user": "a", "password": ""})"}) {
    EXPECT_EQ(PartsFromJson(json, {"user", "password"}).error().code(), ErrorCode::kInvalidArgument) << json;
  }
}

TEST(Parts, NamesAreChecked) {
  EXPECT_TRUE(IsPartName("private_key"));
  EXPECT_TRUE(IsPartName("tls.crt"));
  for (const char* bad : {"", "A", "1a", "a/b", "a b", "a\n"}) EXPECT_FALSE(IsPartName(bad)) << bad;
  Parts parts;
  EXPECT_FALSE(EncodeParts(parts).ok());
  parts["a/b"] = SecretString(std::string_view("x"));
  EXPECT_FALSE(EncodeParts(parts).ok());
}

}  // namespace
}  // namespace podwright::secrets
