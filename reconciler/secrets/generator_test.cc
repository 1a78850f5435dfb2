#include "reconciler/secrets/generator.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace podwright::secrets {
namespace {

TEST(Generator, UsesOnlyItsAlphabetAndItsLength) {
  SeededRandom random(1);
  const std::map<std::string, std::string> alphabets = {
      {"hex", "0123456789abcdef"},
      {"alphanumeric", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"},
      {"base64url", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"},
  };
  for (const auto& [name, characters] : alphabets) {
    const auto secret = Generate({4096, name, ""}, random);
    ASSERT_TRUE(secret.ok());
    EXPECT_EQ(secret->size(), 4096U);
    EXPECT_EQ(secret->Reveal().find_first_not_of(characters), std::string_view::npos) << name;
  }
}

TEST(Generator, EveryCharacterIsAsLikelyAsTheOthers) {
  SeededRandom random(2);
  std::map<char, int> counts;
  constexpr int kRounds = 30;
  for (int i = 0; i < kRounds; ++i) {
    const auto secret = Generate({4096, "", "abcdefg"}, random);
    for (const char c : secret->Reveal()) ++counts[c];
  }
  ASSERT_EQ(counts.size(), 7U);
  const double expected = kRounds * 4096.0 / 7;
  double chi_squared = 0;
  for (const auto& [c, count] : counts) chi_squared += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi_squared, 22.46);  // six degrees of freedom, one in a thousand
}

TEST(Generator, TwoSecretsDiffer) {
  SystemRandom random;
  EXPECT_FALSE(*Generate({}, random) == *Generate({}, random));
}

TEST(Generator, BadSpecificationsAreErrors) {
  SeededRandom random(3);
  EXPECT_FALSE(Generate({0, "hex", ""}, random).ok());
  EXPECT_FALSE(Generate({4097, "hex", ""}, random).ok());
  EXPECT_FALSE(Generate({8, "klingon", ""}, random).ok());
  EXPECT_FALSE(Generate({8, "", "a"}, random).ok());
  EXPECT_FALSE(Generate({8, "", "aba"}, random).ok());
  EXPECT_FALSE(Generate({8, "", "ab\n"}, random).ok());
  EXPECT_FALSE(Generate({8, "", "ab\xc3\xa4"}, random).ok());
}

}  // namespace
}  // namespace podwright::secrets
