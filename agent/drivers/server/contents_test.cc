// What is put on a server: packages, files, delivered secrets.
#include "agent/drivers/server/server_driver_fixture.h"
#include "core/digest.h"

namespace podwright::drivers {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test

// ---- packages ----

TEST_F(ServerDriverTest, PackageIsInstalledOnceAndIsOurs) {
  (*spec_.mutable_packages())["nginx"];
  PackageAction action;
  action.set_name("nginx");
  const auto done = Run("server.package.install", action);
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_TRUE(done->changed);
  EXPECT_EQ(Observed().packages().at("nginx"), "1.22");
  EXPECT_TRUE(Managed("package:nginx"));
  EXPECT_FALSE(Run("server.package.install", action)->changed);
  EXPECT_EQ(host_.Count("packages.install nginx"), 1);
}

TEST_F(ServerDriverTest, PackageThatWasThereBeforeIsNeitherOursNorRemoved) {
  host_.packages["curl"] = "7.88";
  PackageAction action;
  action.set_name("curl");
  ASSERT_TRUE(Run("server.package.install", action).ok());
  EXPECT_FALSE(Managed("package:curl"));
  EXPECT_FALSE(Run("server.package.remove", action)->changed);
  EXPECT_TRUE(host_.packages.contains("curl"));
  (*spec_.mutable_packages())["curl"].set_absent(true);
  EXPECT_TRUE(Run("server.package.remove", action)->changed) << "asked for by the declaration";
  EXPECT_FALSE(host_.packages.contains("curl"));
}

TEST_F(ServerDriverTest, UnknownPackageIsAnErrorThatNamesIt) {
  PackageAction action;
  action.set_name("none");
  const auto done = Run("server.package.install", action);
  ASSERT_FALSE(done.ok());
  EXPECT_NE(done.error().message().find("none"), std::string::npos);
  EXPECT_FALSE(Managed("package:none"));
}

TEST_F(ServerDriverTest, RemovedAndDowngradedPackagesComeBack) {
  (*spec_.mutable_packages())["curl"].set_version("7.88");
  PackageAction action;
  action.set_name("curl");
  action.set_version("7.88");
  ASSERT_TRUE(Run("server.package.install", action).ok());
  host_.packages.erase("curl");
  ASSERT_EQ(Drift().size(), 1U);
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.packages["curl"], "7.88");
  host_.packages["curl"] = "7.90";
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.packages["curl"], "7.88");
  EXPECT_TRUE(Drift().empty());
}

// ---- files ----

TEST_F(ServerDriverTest, FileIsWrittenWithItsFoldersAndTakenAwayWithThem) {
  const auto action = File("/srv/app/conf/app.conf", "a=1\n");
  ASSERT_TRUE(Run("server.file.write", action).ok());
  const auto observed = Observed();
  EXPECT_EQ(observed.files().at("/srv/app/conf/app.conf").sha256(), Sha256("a=1\n").Hex());
  EXPECT_EQ(observed.files().at("/srv/app/conf/app.conf").mode(), "0644");
  EXPECT_EQ(observed.managed(0), "file:/srv/app/conf/app.conf");
  spec_.clear_files();
  ASSERT_TRUE(Run("server.file.remove", action).ok());
  EXPECT_FALSE(host_.files.contains("/srv/app"));
  EXPECT_TRUE(host_.files.contains("/srv"));
  EXPECT_EQ(state_.managed_size(), 0);
  EXPECT_TRUE(Drift().empty());
}

TEST_F(ServerDriverTest, FileThatWasThereBeforeIsKeptWhenItIsNoLongerDeclared) {
  host_.files["/etc/motd"] = {host::FileType::kFile, "theirs", {}, 1};
  const auto action = File("/etc/motd", "ours");
  EXPECT_TRUE(Run("server.file.write", action)->changed);
  EXPECT_FALSE(Run("server.file.remove", action)->changed);
  EXPECT_TRUE(host_.files.contains("/etc/motd"));
}

TEST_F(ServerDriverTest, FileThatIsEqualIsNotWrittenAgain) {
  const auto action = File("/etc/motd", "ours");
  ASSERT_TRUE(Run("server.file.write", action).ok());
  EXPECT_FALSE(Run("server.file.write", action)->changed);
  EXPECT_EQ(host_.Count("files.write /etc/motd"), 1);
}

TEST_F(ServerDriverTest, AfterACrashBehindTheWriteTheFileIsStillOursAndNotWrittenAgain) {
  const auto dispatch = Dispatch("server.file.write", File("/etc/new", "x"));
  proof_ = *driver_->Prove(dispatch, state_);
  v1::ObjectState lost = state_;
  ASSERT_TRUE(driver_->Execute({dispatch, proof_, false}, lost).ok());
  const auto done = Run(dispatch, true);
  ASSERT_TRUE(done.ok());
  EXPECT_TRUE(done->changed);
  EXPECT_TRUE(Managed("file:/etc/new"));
  EXPECT_EQ(host_.Count("files.write /etc/new"), 1);
}

TEST_F(ServerDriverTest, ChangedFileIsShownAndBroughtBackAndItsUnitReloaded) {
  auto action = File("/etc/nginx.conf", "ours");
  spec_.mutable_files()->at("/etc/nginx.conf").add_reloads("nginx.service");
  host_.units["nginx.service"].state.active_state = "active";
  ASSERT_TRUE(Run("server.file.write", action).ok());
  host_.files["/etc/nginx.conf"].content = "theirs";
  EXPECT_EQ(Observed().files().at("/etc/nginx.conf").content(), "theirs");
  ASSERT_EQ(drift_.size(), 1U);
  const auto repairs = RepairAll();
  ASSERT_EQ(repairs.size(), 1U);
  EXPECT_EQ(repairs[0].item, "file:/etc/nginx.conf");
  EXPECT_TRUE(repairs[0].outcome.ok());
  EXPECT_EQ(host_.files["/etc/nginx.conf"].content, "ours");
  EXPECT_EQ(host_.Count("units.reload nginx.service"), 1);
  EXPECT_EQ(host_.Count("units.restart nginx.service"), 0);
}

TEST_F(ServerDriverTest, ModeAndOwnerComeBackAndContentThatIsNoTextIsNotShown) {
  ASSERT_TRUE(Run("server.file.write", File("/etc/motd", "ours")).ok());
  host_.files["/etc/motd"].attributes.mode = 0777;
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.files["/etc/motd"].attributes.mode, 0644U);
  host_.files["/etc/motd"].content = "\xff\xfe";
  EXPECT_FALSE(Observed().files().at("/etc/motd").has_content());
}

TEST_F(ServerDriverTest, SomethingElseInAFilesPlaceIsToldAndNotTouched) {
  ASSERT_TRUE(Run("server.file.write", File("/etc/motd", "ours")).ok());
  host_.files["/etc/motd"].type = host::FileType::kSymlink;
  EXPECT_EQ(Drift().size(), 1U);
  EXPECT_TRUE(RepairAll().empty());
  EXPECT_FALSE(Run("server.file.write", File("/etc/motd", "ours")).ok());
}

TEST_F(ServerDriverTest, RefusedRepairsAreLeftForLater) {
  ASSERT_TRUE(Run("server.file.write", File("/etc/motd", "ours")).ok());
  host_.files.erase("/etc/motd");
  EXPECT_TRUE(driver_->RepairDrift(state_, [](const std::string&) { return false; }).empty());
  EXPECT_FALSE(host_.files.contains("/etc/motd"));
}

TEST_F(ServerDriverTest, FullDiskIsTheActionsErrorAndNothingIsConfirmed) {
  host_.Fail("files.write", ResourceExhausted("No space left on device"));
  const auto done = Run("server.file.write", File("/etc/motd", "ours"));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().retry(), Retry::kBackoff);
  EXPECT_FALSE(state_.confirmed());
}

TEST_F(ServerDriverTest, CompensationPutsBackWhatWasConfirmed) {
  ASSERT_TRUE(Run("server.file.write", File("/etc/motd", "one")).ok());
  ASSERT_TRUE(Run("server.file.write", File("/etc/motd", "two")).ok());
  FileAction back;
  back.set_path("/etc/motd");
  back.mutable_file()->set_content("one");
  v1::Dispatch dispatch = Dispatch("server.file.write", back);
  dispatch.set_compensation(true);
  ASSERT_TRUE(Run(dispatch).ok());
  host_.files["/etc/motd"].content = "theirs";
  RepairAll();
  EXPECT_EQ(host_.files["/etc/motd"].content, "one");
}

// ---- secrets ----

TEST_F(ServerDriverTest, SecretIsDeliveredToItsOwnerAndKeptInClearNowhereElse) {
  ASSERT_TRUE(Run("server.secret.deliver", SecretFile("/etc/app/password", "hunter2")).ok());
  const auto& file = host_.files["/etc/app/password"];
  EXPECT_EQ(file.content, "hunter2");
  EXPECT_EQ(file.attributes.mode, 0600U);
  const auto observed = Observed();
  EXPECT_EQ(observed.secrets().at("/etc/app/password").name(), "db");
  EXPECT_EQ(observed.secrets().at("/etc/app/password").version(), 1);
  v1::ObjectState kept = state_;
  kept.mutable_secrets()->at("/etc/app/password").clear_sealed();  // "sealed:hunter2" of this test
  EXPECT_EQ(kept.SerializeAsString().find("hunter2"), std::string::npos);
  EXPECT_EQ(observed.SerializeAsString().find("hunter2"), std::string::npos);
  for (const auto& [what, value] : proof_) EXPECT_EQ(value.find("hunter2"), std::string::npos) << what;
}

TEST_F(ServerDriverTest, ChangedOrLostSecretFileIsNoticedAndBroughtBackWithoutAControlPlane) {
  ASSERT_TRUE(Run("server.secret.deliver", SecretFile("/etc/password", "hunter2")).ok());
  host_.files["/etc/password"].content = "theirs";
  EXPECT_EQ(Observed().secrets().at("/etc/password").version(), 0);
  EXPECT_EQ(drift_.size(), 1U);
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.files["/etc/password"].content, "hunter2");
  host_.files.erase("/etc/password");
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.files["/etc/password"].content, "hunter2");
  EXPECT_TRUE(Drift().empty());
}

TEST_F(ServerDriverTest, NewVersionReplacesTheOldAndTheSameIsNotWrittenAgain) {
  const auto first = SecretFile("/etc/password", "one");
  ASSERT_TRUE(Run("server.secret.deliver", first).ok());
  EXPECT_FALSE(Run("server.secret.deliver", first)->changed);
  EXPECT_EQ(host_.Count("files.write /etc/password"), 1);
  EXPECT_TRUE(Run("server.secret.deliver", SecretFile("/etc/password", "two", 2))->changed);
  EXPECT_EQ(Observed().secrets().at("/etc/password").version(), 2);
  EXPECT_EQ(host_.files["/etc/password"].content, "two");
}

TEST_F(ServerDriverTest, SecretThatDoesNotComeOrDoesNotOpenIsAnError) {
  auto action = SecretFile("/etc/password", "one");
  secrets_.clear();
  EXPECT_FALSE(Run("server.secret.deliver", action).ok());
  action = SecretFile("/etc/password", "one");
  can_open_ = false;
  EXPECT_FALSE(Run("server.secret.deliver", action).ok());
  EXPECT_FALSE(host_.files.contains("/etc/password"));
}

TEST_F(ServerDriverTest, RemovedSecretLeavesNeitherFileNorBlob) {
  const auto action = SecretFile("/etc/app/password", "hunter2");
  ASSERT_TRUE(Run("server.secret.deliver", action).ok());
  spec_.clear_secrets();
  ASSERT_TRUE(Run("server.secret.remove", action).ok());
  EXPECT_FALSE(host_.files.contains("/etc/app"));
  EXPECT_TRUE(state_.secrets().empty());
}

}  // namespace
}  // namespace podwright::drivers
