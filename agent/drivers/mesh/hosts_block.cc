#include "agent/drivers/mesh/hosts_block.h"

#include <map>
#include <utility>

namespace podwright::drivers::mesh {
namespace {

std::string Begin(const std::string& mesh) {
  return "# BEGIN podwright mesh " + mesh + ": changes are put back\n";
}
std::string End(const std::string& mesh) {
  return "# END podwright mesh " + mesh + "\n";
}

// Of a line that is exactly `line`; npos: there is none.
std::size_t FindLine(const std::string& text, const std::string& line, std::size_t from = 0) {
  for (std::size_t at = text.find(line, from); at != std::string::npos; at = text.find(line, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') return at;
  }
  return std::string::npos;
}

// Where the block begins and ends. Without its last mark it is the first mark alone: what follows may be anybody's.
std::pair<std::size_t, std::size_t> Extent(const std::string& text, const std::string& mesh) {
  const std::size_t begin = FindLine(text, Begin(mesh));
  if (begin == std::string::npos) return {begin, begin};
  const std::size_t after = begin + Begin(mesh).size();
  const std::size_t end = FindLine(text, End(mesh), after);
  return {begin, end == std::string::npos ? after : end + End(mesh).size()};
}

}  // namespace

std::string HostsBlock(const std::string& mesh, const v1::kinds::MeshNamesAction& names) {
  if (names.names().empty() && names.services().empty()) return "";
  std::string block = Begin(mesh);
  for (const auto& [name, address] : std::map<std::string, std::string>(names.names().begin(), names.names().end())) {
    block.append(address).append("\t").append(name).append("\n");
  }
  std::map<std::string, const v1::kinds::MeshAddresses*> services;
  for (const auto& [name, addresses] : names.services()) services[name] = &addresses;
  for (const auto& [name, addresses] : services) {
    for (const std::string& address : addresses->addresses()) {
      block.append(address).append("\t").append(name).append("\n");
    }
  }
  return block + End(mesh);
}

std::string FindHostsBlock(const std::string& text, const std::string& mesh) {
  const auto [begin, end] = Extent(text, mesh);
  return begin == std::string::npos ? "" : text.substr(begin, end - begin);
}

std::string WithHostsBlock(const std::string& text, const std::string& mesh, const std::string& block) {
  const auto [begin, end] = Extent(text, mesh);
  if (begin != std::string::npos) return text.substr(0, begin) + block + text.substr(end);
  if (block.empty()) return text;
  const bool open_line = !text.empty() && text.back() != '\n';
  return text + (open_line ? "\n" : "") + block;
}

}  // namespace podwright::drivers::mesh
