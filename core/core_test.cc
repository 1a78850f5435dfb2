#include <gtest/gtest.h>

#include "core/address.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/random.h"
#include "core/result.h"

namespace podwright {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return InvalidArgument("odd");
  return n / 2;
}
Result<int> Quarter(int n) {
  PW_ASSIGN(const int half, Half(n));
  return Half(half);
}

TEST(Result, AnErrorLeavesTheEnclosingFunction) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error().message(), "odd");
}

TEST(Result, WrappingKeepsTheCauseAndTheRetry) {
  const Error inner = Unavailable("connection refused");
  const Error outer = inner.Wrap("cannot reach web-1");
  EXPECT_EQ(outer.ToString(), "cannot reach web-1: connection refused");
  EXPECT_EQ(outer.retry(), Retry::kBackoff);
}

TEST(Digest, MatchesThePublishedVector) {
  EXPECT_EQ(Sha256("abc").Hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, FieldsCannotRunIntoEachOther) {
  Sha256Hasher a;
  a.UpdateField("ab");
  a.UpdateField("c");
  Sha256Hasher b;
  b.UpdateField("a");
  b.UpdateField("bc");
  EXPECT_NE(a.Finish(), b.Finish());
}

TEST(Base64, RoundTripsEveryLength) {
  SeededRandom random(1);
  for (std::size_t n = 0; n < 40; ++n) {
    const std::string raw = random.Bytes(n);
    EXPECT_EQ(*Base64Decode(Base64Encode(raw)), raw);
    EXPECT_EQ(*Base64Decode(Base64UrlEncode(raw)), raw);
    EXPECT_EQ(*HexDecode(HexEncode(raw)), raw);
  }
  EXPECT_FALSE(Base64Decode("a b=").ok());
}

TEST(ConstantTimeEquals, ComparesContentAndLength) {
  EXPECT_TRUE(ConstantTimeEquals("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "abcd"));
}

TEST(SeededRandom, SameSeedGivesTheSameBytes) {
  SeededRandom a(7);
  SeededRandom b(7);
  EXPECT_EQ(a.Bytes(100), b.Bytes(100));
  EXPECT_EQ(a.Id(12).size(), 12U);
}

TEST(FakeClock, MovesOnlyByHand) {
  FakeClock clock(FromUnixMillis(0));
  EXPECT_EQ(FormatRfc3339(clock.Now()), "1970-01-01T00:00:00.000Z");
  clock.Advance(std::chrono::hours(72));
  EXPECT_EQ(FormatRfc3339(clock.Now()), "1970-01-04T00:00:00.000Z");
}

TEST(ParseAddress, TakesNamesAddressesAndBrackets) {
  EXPECT_EQ(ParseAddress("[::1]:80", -1)->Text(), "[::1]:80");
  EXPECT_EQ(ParseAddress("::1", 7442)->Text(), "[::1]:7442");
  EXPECT_EQ(ParseAddress("host", 1)->Text(), "host:1");
  for (const char* bad :
       {"", "host", ":1", "host:", "host:-1", "host:65536", "host:1x", "a b:1", "[::1:2", "[::1]x2"}) {
    EXPECT_FALSE(ParseAddress(bad, -1).ok()) << bad;
  }
}

}  // namespace
}  // namespace podwright
