// Signatures made by the real programs, and histories that pretend.
#include "reconciler/git/allowed_signers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/process.h"
#include "reconciler/git/library_fetcher.h"
#include "reconciler/git/testing/repository.h"

namespace podwright::git {
namespace {

using ::testing::HasSubstr;

class AllowedSignersTest : public ::testing::Test {
 protected:
  SignedCommit Head() {
    FetchRequest request;
    request.mirror = mirror.path();
    request.url = repository.Url();
    request.branch = "main";
    const auto head = LibraryFetcher().Fetch(request);
    EXPECT_TRUE(head.ok());
    return mirror.Signed(*head).value();
  }
  static std::string Refusal(const AllowedSigners& signers, const SignedCommit& commit) {
    const Result<std::string> signer = signers.Verify(commit);
    return signer.ok() ? "accepted: " + *signer : signer.error().ToString();
  }
  std::string Gpg(std::vector<std::string> arguments) {
    ProcessRequest request;
    request.argv = {"gpg", "--batch", "--homedir", (repository.folder() / "gpg").string()};
    request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
    Result<std::string> out = RunForOutput(request);
    EXPECT_TRUE(out.ok()) << out.error().ToString();
    return out.ok() ? *out : "";
  }

  testing::Repository repository;
  Mirror mirror{repository.folder() / "mirror.git"};
};

TEST_F(AllowedSignersTest, AnSshSignatureNamesItsSigner) {
  std::string ada;
  std::string eve;
  repository.SignWithSsh(repository.MakeSshKey("ada", &ada));
  repository.MakeSshKey("eve", &eve);
  repository.Commit("signed");
  const SignedCommit commit = Head();
  EXPECT_EQ(AllowedSigners({{"eve", {eve, ""}}, {"ada", {ada, ""}}}).Verify(commit).value(), "ada");
  EXPECT_THAT(Refusal(AllowedSigners({{"eve", {eve, ""}}}), commit), HasSubstr("none of the signers"));
  SignedCommit forged = commit;
  forged.payload += "\nmore";
  EXPECT_THAT(Refusal(AllowedSigners({{"ada", {ada, ""}}}), forged), HasSubstr("does not hold"));
}

TEST_F(AllowedSignersTest, AnUnsignedCommitIsRefused) {
  repository.Commit("unsigned");
  EXPECT_THAT(Refusal(AllowedSigners({}), Head()), HasSubstr("it is not signed"));
}

TEST_F(AllowedSignersTest, ASignatureForSomethingElseThanGitIsRefused) {
  std::string ada;
  const std::string key = repository.MakeSshKey("ada", &ada);
  repository.SignWithSsh(key);
  repository.Commit("signed");
  SignedCommit commit = Head();
  repository.Write("payload", commit.payload);
  ProcessRequest request;
  request.argv = {"ssh-keygen", "-Y", "sign", "-n", "file", "-f", key};
  request.stdin_bytes = commit.payload;
  commit.signature = RunForOutput(request).value();
  EXPECT_THAT(Refusal(AllowedSigners({{"ada", {ada, ""}}}), commit), HasSubstr("SSH"));
}

TEST_F(AllowedSignersTest, PgpKeysHoldAndExpiredOnesDoNot) {
  std::filesystem::create_directory(repository.folder() / "gpg");
  std::filesystem::permissions(repository.folder() / "gpg", std::filesystem::perms::owner_all);
  Gpg({"--passphrase", "", "--quick-generate-key", "ada@example.org", "ed25519", "sign", "never"});
  repository.Write("../gpg-program",
                   "#!/bin/sh\nexec gpg --homedir " + (repository.folder() / "gpg").string() + " \"$@\"\n");
  std::filesystem::permissions(repository.folder() / "gpg-program", std::filesystem::perms::owner_all);
  repository.Git({"config", "gpg.program", (repository.folder() / "gpg-program").string()});
  repository.Git({"config", "user.signingkey", "ada@example.org"});
  repository.Git({"config", "gpg.format", "openpgp"});
  repository.Commit("signed", {"-S"});
  const SignedCommit commit = Head();
  const std::string armoured = Gpg({"--armor", "--export", "ada@example.org"});
  EXPECT_EQ(AllowedSigners({{"ada", {"", armoured}}}).Verify(commit).value(), "ada");
  SignedCommit forged = commit;
  forged.payload += "\n";
  EXPECT_THAT(Refusal(AllowedSigners({{"ada", {"", armoured}}}), forged), HasSubstr("proves nothing"));

  Gpg({"--passphrase", "", "--quick-generate-key", "eve@example.org", "ed25519", "sign", "never"});
  const std::string eve = Gpg({"--armor", "--export", "eve@example.org"});
  EXPECT_THAT(Refusal(AllowedSigners({{"eve", {"", eve}}}), commit), HasSubstr("proves nothing"));

  Gpg({"--passphrase", "", "--quick-generate-key", "old@example.org", "ed25519", "sign", "20200101T000000"});
  const std::string listing = Gpg({"--with-colons", "--list-keys", "ada@example.org"});
  const std::size_t at = listing.find("fpr:::::::::") + 12;
  Gpg({"--quick-set-expire", listing.substr(at, 40), "seconds=1"});
  Gpg({"--kill"});
}

TEST(Dearmor, OnlyWholeKeysAreTaken) {
  const std::string body = "\nQUJD\n=abcd\n";
  const std::string whole = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n" + body + "-----END PGP PUBLIC KEY BLOCK-----\n";
  EXPECT_EQ(Dearmor(whole).value(), "ABC");
  EXPECT_EQ(Dearmor("text before\n" + whole + whole).value(), "ABCABC");
  EXPECT_FALSE(Dearmor("-----BEGIN PGP PUBLIC KEY BLOCK-----\n" + body).ok());
  EXPECT_FALSE(Dearmor("nothing").ok());
}

}  // namespace
}  // namespace podwright::git
