#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "core/crypto/aead.h"
#include "core/crypto/envelope.h"
#include "core/crypto/keys.h"
#include "core/crypto/seal.h"
#include "core/crypto/self_signed.h"
#include "core/digest.h"

namespace podwright::crypto {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kKey(32, 'k');

std::string Flipped(std::string text, std::size_t at) {
  text[at] = static_cast<char>(text[at] ^ 1);
  return text;
}

TEST(SecretString, MovesAndNeverCopies) {
  static_assert(!std::is_copy_constructible_v<SecretString>);
  static_assert(!std::is_copy_assignable_v<SecretString>);
  SecretString a("hunter2");
  SecretString b(std::move(a));
  EXPECT_EQ(b.Reveal(), "hunter2");
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): what is left behind is the question
  EXPECT_TRUE(b == b.Copy());
  EXPECT_FALSE(b == SecretString("hunter3"));
  b.Shrink(3);
  EXPECT_EQ(b.Reveal(), "hun");
}

TEST(Aead, RoundTripsAnyLength) {
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 5000U}) {
    const std::string text(size, 't');
    const auto sealed = AeadEncrypt(kKey, text, "purpose");
    ASSERT_TRUE(sealed.ok());
    EXPECT_EQ(sealed->size(), size + kAeadNonceBytes + kAeadTagBytes);
    EXPECT_EQ(AeadDecrypt(kKey, *sealed, "purpose")->Reveal(), text);
  }
}

TEST(Aead, MatchesThePublishedVector) {
  // Test case 16 of the GCM specification.
  const std::string key = *HexDecode("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const std::string nonce = *HexDecode("cafebabefacedbaddecaf888");
  const std::string text = *HexDecode(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
      "b16aedf5aa0de657ba637b39");
  const std::string associated = *HexDecode("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  EXPECT_EQ(HexEncode(*AeadEncryptWithNonce(key, nonce, text, associated)),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
            "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
}

TEST(Aead, EveryChangedByteIsNoticed) {
  const std::string sealed = *AeadEncrypt(kKey, "text", "purpose");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    EXPECT_EQ(AeadDecrypt(kKey, Flipped(sealed, i), "purpose").error().code(), ErrorCode::kDataLoss) << i;
    EXPECT_FALSE(AeadDecrypt(kKey, sealed.substr(0, i), "purpose").ok()) << i;
  }
  EXPECT_FALSE(AeadDecrypt(kKey, sealed, "another").ok());
  EXPECT_FALSE(AeadDecrypt(std::string(32, 'x'), sealed, "purpose").ok());
  EXPECT_EQ(AeadDecrypt("short", sealed, "purpose").error().code(), ErrorCode::kInvalidArgument);
}

TEST(Seal, OnlyTheRecipientOpens) {
  const PrivateKey recipient = *PrivateKey::Generate(KeyType::kX25519);
  const PrivateKey other = *PrivateKey::Generate(KeyType::kX25519);
  const std::string sealed = *Seal(*recipient.Public()->Raw(), "password", "default/db/3");
  EXPECT_EQ(Open(recipient, sealed, "default/db/3")->Reveal(), "password");
  EXPECT_EQ(Open(recipient, sealed, "default/db/4").error().code(), ErrorCode::kDataLoss);
  EXPECT_EQ(Open(other, sealed, "default/db/3").error().code(), ErrorCode::kDataLoss);
  EXPECT_THAT(sealed, Not(HasSubstr("password")));
  EXPECT_NE(sealed, *Seal(*recipient.Public()->Raw(), "password", "default/db/3"));
}

TEST(Seal, TamperedAndTruncatedMessagesDoNotOpen) {
  const PrivateKey recipient = *PrivateKey::Generate(KeyType::kX25519);
  const std::string sealed = *Seal(*recipient.Public()->Raw(), "x", "");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    EXPECT_FALSE(Open(recipient, Flipped(sealed, i), "").ok()) << i;
    EXPECT_FALSE(Open(recipient, sealed.substr(0, i), "").ok()) << i;
  }
}

TEST(Seal, BadRecipientsAreRefused) {
  EXPECT_EQ(Seal("short", "x", "").error().code(), ErrorCode::kInvalidArgument);
  // A point of small order: the shared secret would be known to everyone.
  EXPECT_EQ(Seal(std::string(32, '\0'), "x", "").error().code(), ErrorCode::kInvalidArgument);
}

TEST(Keys, SignAndVerify) {
  for (const KeyType type : {KeyType::kEd25519, KeyType::kEcdsaP256}) {
    const PrivateKey key = *PrivateKey::Generate(type);
    const std::string signature = *key.Sign("message");
    const PublicKey pub = *key.Public();
    EXPECT_TRUE(pub.Verify("message", signature).ok());
    EXPECT_EQ(pub.Verify("messagE", signature).error().code(), ErrorCode::kPermissionDenied);
    EXPECT_FALSE(pub.Verify("message", Flipped(signature, signature.size() - 1)).ok());
    EXPECT_FALSE(pub.Verify("message", "").ok());
    EXPECT_FALSE(PrivateKey::Generate(type)->Public()->Verify("message", signature).ok());
  }
  EXPECT_FALSE(PrivateKey::Generate(KeyType::kX25519)->Sign("message").ok());
}

TEST(Keys, SurviveTheirTextForms) {
  for (const KeyType type : {KeyType::kEd25519, KeyType::kEcdsaP256, KeyType::kX25519}) {
    const PrivateKey key = *PrivateKey::Generate(type);
    const PublicKey pub = *key.Public();
    const auto again = PrivateKey::FromPem(key.Pem()->Reveal());
    ASSERT_TRUE(again.ok()) << again.error().ToString();
    EXPECT_EQ(again->type(), type);
    EXPECT_TRUE(again->Public()->Equals(pub));
    EXPECT_TRUE(PublicKey::FromPem(*pub.Pem())->Equals(pub));
    EXPECT_TRUE(PublicKey::FromDer(*pub.Der())->Equals(pub));
    EXPECT_EQ(*PublicKey::FromPem(*pub.Pem())->Fingerprint(), *pub.Fingerprint());
  }
}

TEST(Keys, GarbageIsAnError) {
  EXPECT_EQ(PrivateKey::FromPem("garbage").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(PublicKey::FromPem("").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(PublicKey::FromDer("\x30\x03garbage").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(PublicKey::FromRaw(KeyType::kEd25519, "short").error().code(), ErrorCode::kInvalidArgument);
  const std::string der = *PrivateKey::Generate(KeyType::kEd25519)->Public()->Der();
  EXPECT_FALSE(PublicKey::FromDer(der + "x").ok());
}

TEST(Envelope, OldDataOpensUnderItsOwnKey) {
  EnvelopeKeyring keys;
  ASSERT_TRUE(keys.Add("one", SecretBytes(kKey)).ok());
  const std::string old = *keys.Encrypt("value", "aad");
  ASSERT_TRUE(keys.Add("two", SecretBytes(std::string(32, '2'))).ok());
  EXPECT_EQ(keys.current(), "two");
  EXPECT_EQ(keys.Decrypt(old, "aad")->Reveal(), "value");
  EXPECT_EQ(keys.Decrypt(*keys.Encrypt("new", "aad"), "aad")->Reveal(), "new");
}

TEST(Envelope, AMissingKeyIsNamed) {
  EnvelopeKeyring writer;
  ASSERT_TRUE(writer.Add("lost-key", SecretBytes(kKey)).ok());
  EnvelopeKeyring reader;
  ASSERT_TRUE(reader.Add("other", SecretBytes(kKey)).ok());
  const auto opened = reader.Decrypt(*writer.Encrypt("value", ""), "");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(opened.error().message(), HasSubstr("lost-key"));
}

TEST(Envelope, ChangesAndOtherPurposesDoNotOpen) {
  EnvelopeKeyring keys;
  EXPECT_FALSE(keys.Encrypt("x", "").ok());
  ASSERT_TRUE(keys.Add("a", SecretBytes(kKey)).ok());
  ASSERT_TRUE(keys.Add("b", SecretBytes(kKey)).ok());
  const std::string sealed = *keys.Encrypt("value", "default/db/1");
  EXPECT_FALSE(keys.Decrypt(sealed, "default/db/2").ok());
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    EXPECT_FALSE(keys.Decrypt(Flipped(sealed, i), "default/db/1").ok()) << i;
    EXPECT_FALSE(keys.Decrypt(sealed.substr(0, i), "default/db/1").ok()) << i;
  }
  // The same bytes under the other id's name: both ids hold the same key here.
  std::string renamed = sealed;
  renamed[2] = 'a';
  EXPECT_FALSE(keys.Decrypt(renamed, "default/db/1").ok());
}

TEST(Envelope, BadKeysAreRefused) {
  EnvelopeKeyring keys;
  EXPECT_FALSE(keys.Add("a", SecretBytes("short")).ok());
  EXPECT_FALSE(keys.Add("", SecretBytes(kKey)).ok());
  EXPECT_FALSE(keys.Add("a/b", SecretBytes(kKey)).ok());
  ASSERT_TRUE(keys.Add("a", SecretBytes(kKey)).ok());
  EXPECT_FALSE(keys.Add("a", SecretBytes(kKey)).ok());
}

TEST(SelfSigned, VouchesForItsOwnKeyAndIsNoRoot) {
  const auto key = PrivateKey::Generate(KeyType::kEcdsaP256);
  ASSERT_TRUE(key.ok());
  const WallTime now = FakeClock().Now();
  const auto certificate = SelfSigned(*key, "orders", now);
  ASSERT_TRUE(certificate.ok());
  EXPECT_EQ(certificate->CommonName(), "orders");
  EXPECT_TRUE(certificate->Key()->Equals(*key->Public()));
  EXPECT_FALSE(certificate->IsCa());
  EXPECT_LT(certificate->NotBefore(), now);
  EXPECT_GT(certificate->NotAfter(), now + std::chrono::hours(24 * 3000));
}

}  // namespace
}  // namespace podwright::crypto
