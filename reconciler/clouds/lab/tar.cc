#include "reconciler/clouds/lab/tar.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

namespace podwright::clouds::lab {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::uint64_t kMaxSize = 077777777777ULL;

struct Header {
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link[100];
  char magic[6];
  char version[2];
  char user[32];
  char group[32];
  char major[8];
  char minor[8];
  char prefix[155];
  char padding[12];
};
static_assert(sizeof(Header) == kBlock);

template <std::size_t N>
void Octal(char (&field)[N], std::uint64_t value) {
  std::snprintf(field, N, "%0*llo", static_cast<int>(N - 1), static_cast<unsigned long long>(value));
}

template <std::size_t N>
void Text(char (&field)[N], std::string_view text) {
  std::memcpy(field, text.data(), text.size() < N ? text.size() : N);
}

bool SplitPath(std::string_view path, Header& header) {
  if (path.size() <= sizeof header.name) {
    Text(header.name, path);
    return true;
  }
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    if (slash > sizeof header.prefix) return false;
    if (path.size() - slash - 1 <= sizeof header.name) {
      Text(header.prefix, path.substr(0, slash));
      Text(header.name, path.substr(slash + 1));
      return true;
    }
  }
  return false;
}

}  // namespace

Status TarWriter::Add(std::string_view path, std::string_view content, std::uint32_t mode) {
  Header header{};
  while (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty() || content.size() > kMaxSize || !SplitPath(path, header)) {
    return InvalidArgument("\"" + std::string(path) + "\" cannot be put into an archive");
  }
  Octal(header.mode, mode & 07777);
  Octal(header.uid, 0);
  Octal(header.gid, 0);
  Octal(header.size, content.size());
  Octal(header.mtime, 0);
  header.type = '0';
  Text(header.magic, std::string_view("ustar\0", 6));
  Text(header.version, "00");
  Text(header.user, "root");
  Text(header.group, "root");
  std::memset(header.checksum, ' ', sizeof header.checksum);
  std::array<unsigned char, kBlock> raw{};
  std::memcpy(raw.data(), &header, kBlock);
  unsigned sum = 0;
  for (const unsigned char byte : raw) sum += byte;
  std::snprintf(header.checksum, sizeof header.checksum, "%06o", sum & 0777777U);

  bytes_.append(reinterpret_cast<const char*>(&header), kBlock);
  bytes_.append(content);
  bytes_.append((kBlock - content.size() % kBlock) % kBlock, '\0');
  return Ok();
}

std::string TarWriter::Finish() {
  bytes_.append(2 * kBlock, '\0');
  return std::exchange(bytes_, {});
}

}  // namespace podwright::clouds::lab
