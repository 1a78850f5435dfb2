#include "reconciler/git/allowed_signers.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

#include "core/digest.h"
#include "core/process.h"

namespace podwright::git {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{30};
constexpr char kSshSignature[] = "-----BEGIN SSH SIGNATURE-----";
constexpr char kPgpSignature[] = "-----BEGIN PGP SIGNATURE-----";
constexpr char kKeyBegin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
constexpr char kKeyEnd[] = "-----END PGP PUBLIC KEY BLOCK-----";

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "podwright-verify-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Folder() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  Result<std::string> Write(const std::string& name, const std::string& bytes) const {
    if (path_.empty()) return Unavailable("cannot make a folder below " + fs::temp_directory_path().string());
    const fs::path path = path_ / name;
    std::ofstream file(path, std::ios::binary);
    file << bytes;
    file.flush();
    if (!file) return Unavailable("cannot write " + path.string());
    return path.string();
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

Result<ProcessResult> Run(std::vector<std::string> argv, const std::string& input, const Folder& folder) {
  ProcessRequest request;
  request.argv = std::move(argv);
  request.base_environment = BaseEnvironment::kEmpty;
  request.env = {{"PATH", "/usr/bin:/bin"}, {"HOME", folder.path()}, {"LC_ALL", "C"}, {"GNUPGHOME", folder.path()}};
  request.stdin_bytes = input;
  request.deadline = std::chrono::steady_clock::now() + kPatience;
  PW_ASSIGN(ProcessResult result, RunProcess(request));
  if (result.timed_out) return ProcessFailure(request, result);
  return result;
}

std::string LastLine(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::string last;
  while (std::getline(lines, line)) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace

Result<std::string> Dearmor(const std::string& armoured) {
  std::istringstream lines(armoured);
  std::string line;
  std::string bytes;
  std::string text;
  enum class In { kNothing, kHeaders, kBody } in = In::kNothing;
  while (std::getline(lines, line)) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line == kKeyBegin) {
      in = In::kHeaders;
      text.clear();
    } else if (line == kKeyEnd && in == In::kBody) {
      PW_ASSIGN(const std::string block, Base64Decode(text));
      bytes += block;
      in = In::kNothing;
    } else if (in == In::kHeaders) {
      // Headers are optional, and so, in the wild, is the empty line after none of them.
      if (line.find(": ") != std::string::npos) continue;
      in = In::kBody;
      text += line;
    } else if (in == In::kBody && !line.starts_with('=')) {
      text += line;
    }
  }
  if (bytes.empty() || in != In::kNothing) return InvalidArgument("it is no whole armoured PGP public key");
  return bytes;
}

Result<std::string> AllowedSigners::Verify(const SignedCommit& commit) const {
  if (commit.signature.empty()) return PermissionDenied("it is not signed");
  if (commit.signature.find(kSshSignature) != std::string::npos) return VerifySsh(commit);
  if (commit.signature.find(kPgpSignature) != std::string::npos) return VerifyPgp(commit);
  return PermissionDenied("its signature is neither SSH's nor PGP's");
}

Result<std::string> AllowedSigners::VerifySsh(const SignedCommit& commit) const {
  std::string allowed;
  for (const auto& [name, signer] : signers_) {
    if (!signer.ssh_key.empty()) allowed += name + " namespaces=\"git\" " + signer.ssh_key + "\n";
  }
  if (allowed.empty()) return PermissionDenied("it is signed with an SSH key, and no signer has one");
  const Folder folder;
  PW_ASSIGN(const std::string allowed_file, folder.Write("allowed", allowed));
  PW_ASSIGN(const std::string signature, folder.Write("signature", commit.signature));
  PW_ASSIGN(const ProcessResult found,
            Run({"ssh-keygen", "-Y", "find-principals", "-f", allowed_file, "-s", signature}, "", folder));
  const std::string name = found.out.substr(0, found.out.find('\n'));
  if (!found.Succeeded() || !signers_.contains(name)) {
    return PermissionDenied("it is signed with an SSH key of none of the signers");
  }
  PW_ASSIGN(const ProcessResult verified,
            Run({"ssh-keygen", "-Y", "verify", "-f", allowed_file, "-I", name, "-n", "git", "-s", signature},
                commit.payload, folder));
  if (!verified.Succeeded()) {
    return PermissionDenied("its SSH signature does not hold: " + LastLine(verified.out + verified.err));
  }
  return name;
}

Result<std::string> AllowedSigners::VerifyPgp(const SignedCommit& commit) const {
  const Folder folder;
  PW_ASSIGN(const std::string signature, folder.Write("signature", commit.signature));
  PW_ASSIGN(const std::string payload, folder.Write("payload", commit.payload));
  std::string last = "no signer has a PGP key";
  for (const auto& [name, signer] : signers_) {
    if (signer.pgp_key.empty()) continue;
    const Result<std::string> key = Dearmor(signer.pgp_key);
    if (!key.ok()) return InvalidArgument("the pgp_key of the signer " + name + ": " + key.error().message());
    PW_ASSIGN(const std::string ring, folder.Write("keyring", *key));
    PW_ASSIGN(const ProcessResult said,
              Run({"gpgv", "--status-fd", "1", "--keyring", ring, signature, payload}, "", folder));
    const auto has = [&](const char* word) {
      return ("\n" + said.out).find(std::string("\n[GNUPG:] ") + word + " ") != std::string::npos;
    };
    const bool good = said.Succeeded() && has("GOODSIG") && has("VALIDSIG");
    // gpgv takes signatures of keys that have expired for good ones.
    if (good && !has("EXPKEYSIG") && !has("EXPSIG") && !has("REVKEYSIG") && !has("KEYREVOKED") && !has("BADSIG")) {
      return name;
    }
    last = LastLine(said.err);
  }
  return PermissionDenied("it is signed with a PGP key that proves nothing here: " + last);
}

}  // namespace podwright::git
