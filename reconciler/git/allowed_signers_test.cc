// Signatures made by the real programs, and histories that pretend.
#include "reconciler/git/allowed_signers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

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
  ~AllowedSignersTest() override {
    ProcessRequest request;
    request.argv = {"gpgconf", "--homedir", GpgHome(), "--kill", "gpg-agent"};
    static_cast<void>(RunProcess(request).ok());
  }
  std::string GpgHome() const { return (repository.folder() / "gpg").string(); }
  std::string Gpg(std::vector<std::string> arguments) {
    std::filesystem::create_directory(GpgHome());
    std::filesystem::permissions(GpgHome(), std::filesystem::perms::owner_all);
    ProcessRequest request;
    request.argv = {"gpg", "--batch", "--homedir", GpgHome()};
    request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
    Result<std::string> out = RunForOutput(request);
    EXPECT_TRUE(out.ok()) << out.error().ToString();
    return out.ok() ? *out : "";
  }
  // Good for a day, where `when` says another time. Answers the armoured public key.
  std::string MakePgpKey(const std::string& who, std::vector<std::string> when) {
    const std::string expires = when.empty() ? "never" : "1d";
    when.insert(when.end(), {"--passphrase", "", "--quick-generate-key", who, "ed25519", "sign", expires});
    Gpg(std::move(when));
    return Gpg({"--armor", "--export", who});
  }
  void SignWithPgp(const std::string& who, const std::string& options) {
    repository.Write("../gpg-program", "#!/bin/sh\nexec gpg --homedir " + GpgHome() + " " + options + " \"$@\"\n");
    std::filesystem::permissions(repository.folder() / "gpg-program", std::filesystem::perms::owner_all);
    repository.Git({"config", "gpg.program", (repository.folder() / "gpg-program").string()});
    repository.Git({"config", "gpg.format", "openpgp"});
    repository.Git({"config", "user.signingkey", who});
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

TEST_F(AllowedSignersTest, PgpKeysHoldAndStrangersDoNot) {
  const std::string ada = MakePgpKey("ada@example.org", {});
  const std::string eve = MakePgpKey("eve@example.org", {});
  SignWithPgp("ada@example.org", "");
  repository.Commit("signed", {"-S"});
  const SignedCommit commit = Head();
  EXPECT_EQ(AllowedSigners({{"eve", {"", eve}}, {"ada", {"", ada}}}).Verify(commit).value(), "ada");
  EXPECT_THAT(Refusal(AllowedSigners({{"eve", {"", eve}}}), commit), HasSubstr("proves nothing"));
  SignedCommit forged = commit;
  forged.payload += "\n";
  EXPECT_THAT(Refusal(AllowedSigners({{"ada", {"", ada}}}), forged), HasSubstr("proves nothing"));
}

TEST_F(AllowedSignersTest, ASignatureOfAnExpiredPgpKeyIsNone) {
  const std::string old = MakePgpKey("old@example.org", {"--faked-system-time", "20200101T000000"});
  SignWithPgp("old@example.org", "--faked-system-time 20200101T010000");
  repository.Commit("signed in time", {"-S"});
  EXPECT_THAT(Refusal(AllowedSigners({{"old", {"", old}}}), Head()), HasSubstr("proves nothing"));
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
