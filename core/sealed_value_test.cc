#include "core/sealed_value.h"

#include <gtest/gtest.h>

namespace podwright {
namespace {

class SealedValue : public ::testing::Test {
 protected:
  SealedValue() : private_key_(crypto::PrivateKey::Generate(crypto::KeyType::kX25519).value()) {
    key_ = {"shop", private_key_.Public()->Raw().value()};
  }
  crypto::PrivateKey private_key_;
  SealedValueKey key_;
};

TEST_F(SealedValue, OpensForItsWorkspaceAndNameOnly) {
  const auto sealed = SealValue(key_, "orders", "correct horse");
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(sealed->find("correct"), std::string::npos);
  EXPECT_EQ(OpenSealedValue(private_key_, "shop", "orders", *sealed)->Reveal(), "correct horse");
  EXPECT_EQ(OpenSealedValue(private_key_, "shop", "other", *sealed).error().code(), ErrorCode::kDataLoss);
  EXPECT_EQ(OpenSealedValue(private_key_, "other", "orders", *sealed).error().code(), ErrorCode::kDataLoss);
  const auto stranger = crypto::PrivateKey::Generate(crypto::KeyType::kX25519).value();
  EXPECT_EQ(OpenSealedValue(stranger, "shop", "orders", *sealed).error().code(), ErrorCode::kDataLoss);
}

TEST_F(SealedValue, TwoSealsOfOneValueDiffer) {
  EXPECT_NE(*SealValue(key_, "orders", "x"), *SealValue(key_, "orders", "x"));
}

TEST_F(SealedValue, WhatIsNoSealedValueIsSaid) {
  for (const char* text : {"", "hello", "pws1.", "pws1.!!", "pws2.AAAA"}) {
    EXPECT_EQ(OpenSealedValue(private_key_, "shop", "orders", text).error().code(), ErrorCode::kInvalidArgument)
        << text;
  }
}

TEST_F(SealedValue, TheKeyGoesThroughATextFile) {
  const auto read = ParseSealingKey(FormatSealingKey(key_) + "\n");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->workspace, "shop");
  EXPECT_EQ(read->public_key, key_.public_key);
  for (const char* text :
       {"", "podwright-seal-key-1", "podwright-seal-key-1 shop", "podwright-seal-key-1 shop AAAA", "other shop AAAA"}) {
    EXPECT_FALSE(ParseSealingKey(text).ok()) << text;
  }
}

}  // namespace
}  // namespace podwright
