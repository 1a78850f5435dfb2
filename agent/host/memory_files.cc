#include "agent/host/memory_parts.h"
#include "core/digest.h"

namespace podwright::host {

Status MemoryFiles::CheckOwner(const FileAttributes& attributes) const {
  if (attributes.owner != "root" && !host.users.contains(attributes.owner)) {
    return FailedPrecondition("there is no user \"" + attributes.owner + "\"");
  }
  if (!host.groups.contains(attributes.group)) {
    return FailedPrecondition("there is no group \"" + attributes.group + "\"");
  }
  return Ok();
}

Result<std::optional<FileStat>> MemoryFiles::Stat(const std::string& path) {
  PW_TRY(MemoryParts::Fault(host, "files.stat"));
  const auto found = host.files.find(path);
  if (found == host.files.end()) return std::optional<FileStat>();
  const MemoryHost::File& file = found->second;
  FileStat stat;
  stat.type = file.type;
  stat.mode = file.attributes.mode;
  stat.owner = file.attributes.owner;
  stat.group = file.attributes.group;
  stat.size = static_cast<std::int64_t>(file.content.size());
  stat.stamp = Sha256(file.content).Hex();
  return std::optional<FileStat>(stat);
}

Result<std::string> MemoryFiles::Read(const std::string& path, std::size_t max) {
  PW_TRY(MemoryParts::Fault(host, "files.read"));
  const auto found = host.files.find(path);
  if (found == host.files.end()) return NotFound("there is no " + path);
  if (found->second.type != FileType::kFile) return FailedPrecondition(path + " is not a regular file");
  if (found->second.content.size() > max) return ResourceExhausted(path + " is too large");
  return found->second.content;
}

Status MemoryFiles::Write(const std::string& path, std::string_view content, const FileAttributes& attributes) {
  PW_TRY(MemoryParts::Fault(host, "files.write"));
  PW_TRY(CheckOwner(attributes));
  const auto found = host.files.find(path);
  if (found != host.files.end() && found->second.type != FileType::kFile) {
    return FailedPrecondition(path + " is not a regular file");
  }
  if (!host.files.contains(ParentFolder(path))) return NotFound("there is no folder " + ParentFolder(path));
  host.files[path] = {FileType::kFile, std::string(content), attributes, MemoryParts::Next(host)};
  MemoryParts::Effect(host, "files.write " + path);
  return Ok();
}

Status MemoryFiles::SetAttributes(const std::string& path, const FileAttributes& attributes) {
  PW_TRY(MemoryParts::Fault(host, "files.attributes"));
  PW_TRY(CheckOwner(attributes));
  const auto found = host.files.find(path);
  if (found == host.files.end()) return NotFound("there is no " + path);
  found->second.attributes = attributes;
  MemoryParts::Effect(host, "files.attributes " + path);
  return Ok();
}

Status MemoryFiles::Remove(const std::string& path) {
  PW_TRY(MemoryParts::Fault(host, "files.remove"));
  const auto found = host.files.find(path);
  if (found == host.files.end()) return Ok();
  if (found->second.type == FileType::kDirectory) return FailedPrecondition(path + " is a directory");
  host.files.erase(found);
  MemoryParts::Effect(host, "files.remove " + path);
  return Ok();
}

Result<std::vector<std::string>> MemoryFiles::MakeFolders(const std::string& folder) {
  std::vector<std::string> made;
  for (std::string at = folder; at != "/"; at = ParentFolder(at)) {
    const auto found = host.files.find(at);
    if (found != host.files.end() && found->second.type != FileType::kDirectory) {
      return FailedPrecondition(at + " is not a folder");
    }
    if (found == host.files.end()) made.insert(made.begin(), at);
  }
  for (const std::string& at : made) host.files[at] = {FileType::kDirectory, "", {0755, "root", "root"}, 0};
  return made;
}

Status MemoryFiles::EnsureFolder(const std::string& folder, const FileAttributes& attributes) {
  PW_TRY(CheckOwner(attributes));
  host.files[folder] = {FileType::kDirectory, "", attributes, 0};
  return Ok();
}

Status MemoryFiles::RemoveEmptyFolder(const std::string& folder) {
  const std::string prefix = folder + "/";
  const auto inside = host.files.lower_bound(prefix);
  if (inside != host.files.end() && inside->first.compare(0, prefix.size(), prefix) == 0) return Ok();
  host.files.erase(folder);
  return Ok();
}

Status MemoryFiles::RemoveTree(const std::string& folder) {
  PW_TRY(MemoryParts::Fault(host, "files.remove-tree"));
  const std::string prefix = folder + "/";
  std::erase_if(host.files, [&](const auto& entry) {
    return entry.first == folder || entry.first.compare(0, prefix.size(), prefix) == 0;
  });
  MemoryParts::Effect(host, "files.remove-tree " + folder);
  return Ok();
}

}  // namespace podwright::host
