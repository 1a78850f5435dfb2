#include "reconciler/secrets/envelope_key.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/crypto/aead.h"
#include "core/crypto/secret.h"
#include "core/digest.h"
#include "core/file.h"

namespace podwright::secrets {

namespace {

using crypto::SecretBytes;

constexpr std::size_t kMaxFile = 64 << 10;
constexpr std::string_view kComment =
    "# Podwright envelope keys. Whoever has this file and the data can read all secrets.\n";

bool Inside(const std::filesystem::path& file, const std::filesystem::path& folder) {
  std::error_code ignored;
  const auto real_file = std::filesystem::weakly_canonical(file, ignored);
  const auto real_folder = std::filesystem::weakly_canonical(folder, ignored);
  const auto ends = std::mismatch(real_folder.begin(), real_folder.end(), real_file.begin(), real_file.end());
  return ends.first == real_folder.end();
}

Status CheckFile(int fd, const std::string& path) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return ErrnoError(errno, "stat " + path);
  if (!S_ISREG(info.st_mode)) return FailedPrecondition("the envelope key " + path + " is not an ordinary file");
  if (info.st_uid != geteuid()) return FailedPrecondition("the envelope key " + path + " belongs to another user");
  if ((info.st_mode & 0177) != 0) {
    return FailedPrecondition("the envelope key " + path + " must be readable by its owner only: chmod 0600 " + path);
  }
  return Ok();
}

// Written aside and linked into place: nobody ever sees half a key, and a second process that starts at
// the same moment takes the one that was first.
Status CreateFile(const std::string& path) {
  PW_ASSIGN(const SecretBytes id, crypto::RandomSecret(4));
  PW_ASSIGN(const SecretBytes key, crypto::RandomSecret(crypto::kAeadKeyBytes));
  const SecretBytes line("k" + HexEncode(id.Reveal()) + " " + Base64Encode(key.Reveal()) + "\n");
  const std::string aside = path + "." + std::to_string(getpid()) + "." + HexEncode(id.Reveal()) + ".new";
  const int fd = open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoError(errno, "create " + aside);
  const FileHandle file(fd);
  Status done = WriteAll(fd, kComment, path);
  if (done.ok()) done = WriteSynced(fd, line.Reveal(), path);
  if (done.ok() && link(aside.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    done = ErrnoError(errno, "create " + path);
  }
  unlink(aside.c_str());
  return done;
}

Result<SecretBytes> ReadSecret(int fd, const std::string& path) {
  SecretBytes text(kMaxFile + 1);
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = read(fd, text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "read " + path);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (size > kMaxFile) return DataLoss("the envelope key " + path + " is too long to be a key file");
  text.Shrink(size);
  return text;
}

Status AddLine(std::string_view line, crypto::EnvelopeKeyring& keys) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return DataLoss("a line is not \"<id> <key>\"");
  PW_ASSIGN(std::string raw, Base64Decode(line.substr(space + 1)));
  Status added = keys.Add(line.substr(0, space), SecretBytes(raw));
  OPENSSL_cleanse(raw.data(), raw.size());
  return added;
}

Result<crypto::EnvelopeKeyring> Parse(std::string_view text, const std::string& path) {
  crypto::EnvelopeKeyring keys;
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.front() == '#') continue;
    // What stands in the line is a key, or nearly one: it never gets into the error.
    if (!AddLine(line, keys).ok()) {
      return DataLoss("the envelope key " + path + " is damaged in line " + std::to_string(number));
    }
  }
  if (keys.current().empty()) return DataLoss("the envelope key " + path + " holds no key");
  return keys;
}

}  // namespace

Result<crypto::EnvelopeKeyring> LoadEnvelopeKey(const std::filesystem::path& file,
                                                const std::filesystem::path& data_folder, IfMissing if_missing) {
  const std::string path = file.string();
  if (Inside(file, data_folder)) {
    return FailedPrecondition("the envelope key " + path + " lies inside the data folder " + data_folder.string() +
                              "; a copy of the data would carry its own key");
  }
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 && errno == ENOENT) {
    if (if_missing == IfMissing::kFail)
      return NotFound("the envelope key " + path + " is missing, but there is data under it");
    PW_TRY(CreateFile(path));
    // The name itself must be on the disk before anything is encrypted under the key.
    PW_TRY(SyncFolderOf(path));
    fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  }
  if (fd < 0 && errno == ELOOP) return FailedPrecondition("the envelope key " + path + " is a link");
  if (fd < 0) return ErrnoError(errno, "open " + path);
  const FileHandle opened(fd);
  PW_TRY(CheckFile(fd, path));
  PW_ASSIGN(const SecretBytes text, ReadSecret(fd, path));
  return Parse(text.Reveal(), path);
}

}  // namespace podwright::secrets
