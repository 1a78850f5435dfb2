#include "cli/plan_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <string_view>

#include "core/digest.h"
#include "core/file.h"

namespace podwright::cli {
namespace {

// The first line; then the request's SHA-256 in hex and a newline, then the encoded request.
constexpr std::string_view kMagic = "podwright-plan 1\n";
constexpr std::size_t kDigestLine = 65;

}  // namespace

Status SavePlanFile(const std::string& path, const v1::ApplyRequest& request) {
  const std::string body = request.SerializeAsString();
  const std::string text = std::string(kMagic) + Sha256(body).Hex() + "\n" + body;
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoError(errno, "create " + path);
  Status status = Ok();
  if (fchmod(fd, 0600) != 0) status = ErrnoError(errno, "set the mode of " + path);
  if (status.ok()) status = WriteAll(fd, text, path);
  if (close(fd) != 0 && status.ok()) status = ErrnoError(errno, "write " + path);
  return status;
}

bool IsPlanFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string start(kMagic.size(), '\0');
  return in.read(start.data(), static_cast<std::streamsize>(start.size())) && start == kMagic;
}

Result<v1::ApplyRequest> LoadPlanFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return ErrnoError(errno, "open " + path);
  std::ostringstream whole;
  whole << in.rdbuf();
  const std::string text = whole.str();
  if (!text.starts_with(kMagic)) return InvalidArgument(path + " is not a plan made by `podwright plan --out`");
  const std::string_view rest = std::string_view(text).substr(kMagic.size());
  v1::ApplyRequest request;
  if (rest.size() < kDigestLine || Sha256(rest.substr(kDigestLine)).Hex() != rest.substr(0, kDigestLine - 1) ||
      !request.ParseFromString(std::string(rest.substr(kDigestLine))) || request.plan_digest().empty()) {
    return InvalidArgument("the plan in " + path + " is damaged; make it again with `podwright plan --out`");
  }
  return request;
}

}  // namespace podwright::cli
