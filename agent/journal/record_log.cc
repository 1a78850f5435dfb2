#include "agent/journal/record_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "core/file.h"

namespace podwright::agent {
namespace {

constexpr std::string_view kMagic = "PWJ1";
constexpr std::size_t kHeader = 8;  // length, checksum of length and content
constexpr std::uint32_t kMaxRecord = 256U * 1024 * 1024;

std::array<std::uint32_t, 256> MakeTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? 0x82F63B78U : 0U);
    table[i] = value;
  }
  return table;
}

// CRC-32C.
std::uint32_t Checksum(std::string_view first, std::string_view second) {
  static const std::array<std::uint32_t, 256> table = MakeTable();
  std::uint32_t value = 0xFFFFFFFFU;
  for (const std::string_view part : {first, second}) {
    for (const char c : part) value = table[(value ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (value >> 8U);
  }
  return ~value;
}

std::string Number(std::uint32_t value) {
  std::string text(4, '\0');
  for (unsigned i = 0; i < 4; ++i) text[i] = static_cast<char>((value >> (8 * i)) & 0xFFU);
  return text;
}

std::uint32_t ReadNumber(std::string_view text) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])) << (8 * i);
  return value;
}

std::string Frame(std::string_view record) {
  const std::string length = Number(static_cast<std::uint32_t>(record.size()));
  std::string frame = length + Number(Checksum(length, record));
  frame.append(record);
  return frame;
}

Status WriteDown(int fd, std::string_view bytes) {
  PW_TRY(WriteAll(fd, bytes, "the journal"));
  if (::fdatasync(fd) != 0) return ErrnoError(errno, "sync the journal");
  return Ok();
}

// Where the good part ends, and what stands in it.
std::uint64_t Split(std::string_view content, std::vector<std::string>& records, LogDamage& damage) {
  if (content.substr(0, kMagic.size()) != kMagic) {
    damage = content.size() < kMagic.size() ? LogDamage::kTornTail : LogDamage::kCorrupt;
    return 0;
  }
  std::size_t at = kMagic.size();
  while (at < content.size()) {
    const std::string_view rest = content.substr(at);
    const std::uint32_t length = rest.size() < kHeader ? 0 : ReadNumber(rest);
    if (rest.size() < kHeader || (length <= kMaxRecord && rest.size() < kHeader + length)) {
      damage = LogDamage::kTornTail;
      return at;
    }
    if (length > kMaxRecord ||
        Checksum(rest.substr(0, 4), rest.substr(kHeader, length)) != ReadNumber(rest.substr(4))) {
      // The last record of the file may be half on the disk at its full length.
      damage = length <= kMaxRecord && rest.size() == kHeader + length ? LogDamage::kTornTail : LogDamage::kCorrupt;
      return at;
    }
    records.emplace_back(rest.substr(kHeader, length));
    at += kHeader + length;
  }
  return at;
}

Status PutAside(const std::string& path, const std::string& content) {
  const std::string aside = path + ".damaged";
  const int fd = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoError(errno, "open " + aside);
  const Status written = WriteDown(fd, content);
  ::close(fd);
  return written;
}

}  // namespace

Result<RecordLog::Opened> RecordLog::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoError(errno, "open " + path);
  Opened opened;
  opened.log.reset(new RecordLog(path, fd, 0));
  PW_ASSIGN(const std::string content, ReadAll(fd, path, std::numeric_limits<std::size_t>::max()));
  std::uint64_t good = 0;
  if (!content.empty()) good = Split(content, opened.records, opened.damage);
  if (opened.damage == LogDamage::kCorrupt) {
    PW_TRY(PutAside(path, content));
  }
  if (good < content.size() && ::ftruncate(fd, static_cast<off_t>(good)) != 0) return ErrnoError(errno, "cut " + path);
  if (::lseek(fd, static_cast<off_t>(good), SEEK_SET) < 0) return ErrnoError(errno, "seek " + path);
  if (good == 0) {
    PW_TRY(WriteDown(fd, kMagic));
    PW_TRY(SyncFolderOf(path));
    good = kMagic.size();
  }
  opened.log->size_ = good;
  return opened;
}

RecordLog::~RecordLog() {
  if (fd_ >= 0) ::close(fd_);
}

Status RecordLog::Append(std::string_view record) {
  if (record.size() > kMaxRecord) return InvalidArgument("a record of the journal is too large");
  const std::string frame = Frame(record);
  if (const Status written = WriteDown(fd_, frame); !written.ok()) {
    // A full disk: what got there is cut off again, so that the next record follows a good one.
    if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0 || ::lseek(fd_, static_cast<off_t>(size_), SEEK_SET) < 0) {
      return DataLoss("the journal cannot be cut back after a failed write: " + written.error().message());
    }
    return written;
  }
  size_ += frame.size();
  return Ok();
}

Status RecordLog::Replace(std::string_view record) {
  const std::string temporary = path_ + ".new";
  const int fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoError(errno, "open " + temporary);
  const std::string content = std::string(kMagic) + Frame(record);
  Status written = WriteDown(fd, content);
  if (written.ok() && ::rename(temporary.c_str(), path_.c_str()) != 0) {
    written = ErrnoError(errno, "put " + path_ + " in place");
  }
  if (!written.ok()) {
    ::close(fd);
    ::unlink(temporary.c_str());
    return written;
  }
  ::close(std::exchange(fd_, fd));
  size_ = content.size();
  return SyncFolderOf(path_);
}

}  // namespace podwright::agent
