#include "reconciler/planner/secret_uses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

v1::SecretReference Reference(const std::string& secret, const std::string& key = "", std::int64_t version = 0) {
  v1::SecretReference reference;
  reference.set_secret(secret);
  if (!key.empty()) reference.set_key(key);
  if (version > 0) reference.set_version(version);
  return reference;
}

class SecretUses : public ::testing::Test {
 protected:
  Result<v1::SecretUse> Read(const v1::SecretReference& reference) {
    RecordingReader reader(world_.facts());
    auto use = ReadSecret(reader, reference, "the user app");
    reads_ = reader.TakeReads();
    return use;
  }
  World world_;
  std::vector<ReadRecord> reads_;
};

TEST_F(SecretUses, TheCurrentVersionIsTakenAndReplansItsReadersWhenItChanges) {
  world_.SetSecret("orders", 3);
  world_.facts().TakeChangedKeys();
  const auto use = Read(Reference("orders"));
  ASSERT_TRUE(use.ok());
  EXPECT_EQ(use->version(), 3);
  EXPECT_THAT(reads_, SizeIs(1));
  EXPECT_EQ(reads_[0].key, "secret/orders");
  world_.SetSecret("orders", 4);
  EXPECT_THAT(world_.facts().TakeChangedKeys(), ::testing::Contains("secret/orders"));
}

TEST_F(SecretUses, WithoutAValueTheErrorSaysWhatBringsOne) {
  const auto use = Read(Reference("orders"));
  EXPECT_EQ(use.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(use.error().message(), HasSubstr("`podwright secret set orders`"));
  EXPECT_THAT(use.error().message(), HasSubstr("for the user app"));
}

TEST_F(SecretUses, APinnedVersionStaysAndNewerOnesDoNotTouchItsReaders) {
  world_.SetSecret("orders", 1);
  world_.SetSecret("orders", 2);
  world_.facts().TakeChangedKeys();
  const auto use = Read(Reference("orders", "", 1));
  ASSERT_TRUE(use.ok());
  EXPECT_EQ(use->version(), 1);
  const std::string digest = reads_[0].digest;
  world_.SetSecret("orders", 3);
  EXPECT_THAT(world_.facts().TakeChangedKeys(), ::testing::Not(::testing::Contains("secret/orders@1")));
  ASSERT_TRUE(Read(Reference("orders", "", 1)).ok());
  EXPECT_EQ(reads_[0].digest, digest);
  EXPECT_THAT(Read(Reference("orders", "", 9)).error().message(), HasSubstr("no version 9"));
}

TEST_F(SecretUses, APartIsNamedWhereThereArePartsAndOnlyThere) {
  world_.SetSecret("tls", 1, {"ca", "certificate", "private_key"});
  world_.SetSecret("plain", 1);
  EXPECT_EQ(Read(Reference("tls", "ca"))->key(), "ca");
  EXPECT_THAT(Read(Reference("tls")).error().message(), HasSubstr("ca, certificate, private_key"));
  EXPECT_THAT(Read(Reference("tls", "chain")).error().message(), HasSubstr("no part \"chain\""));
  EXPECT_THAT(Read(Reference("plain", "ca")).error().message(), HasSubstr("one value"));
}

TEST_F(SecretUses, AnActionHasEachUseOnceAndWaitsForTheSecret) {
  world_.SetSecret("orders", 1);
  const auto use = Read(Reference("orders"));
  ActionDraft action;
  AddSecret(*use, action);
  AddSecret(*use, action);
  EXPECT_EQ(action.action.secrets_size(), 1);
  EXPECT_EQ(action.after_objects, (std::vector<ObjectKey>{{"secret", "orders"}}));
}

TEST_F(SecretUses, AnInternalSecretIsNamedByItsObjectAndWaitsForNoOther) {
  RecordingReader reader(world_.facts());
  EXPECT_THAT(ReadInternalSecret(reader, {"widget", "lamp"}, "replication").error().message(),
              HasSubstr("the internal secret replication of widget/lamp"));
  world_.SetSecret("widget.lamp.replication", 1);
  const auto use = ReadInternalSecret(reader, {"widget", "lamp"}, "replication");
  ASSERT_TRUE(use.ok());
  EXPECT_EQ(use->name(), "widget.lamp.replication");
  ActionDraft action;
  AddSecret(*use, action);
  EXPECT_EQ(action.action.secrets_size(), 1);
  EXPECT_TRUE(action.after_objects.empty());
}

}  // namespace
}  // namespace podwright::planner
