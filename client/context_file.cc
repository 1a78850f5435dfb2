#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "client/context.h"
#include "core/file.h"
#include "core/random.h"

namespace podwright::client {
namespace {

constexpr std::size_t kMaxFileBytes = 4 << 20;

Error At(const std::string& path, const YAML::Node& node, const std::string& what) {
  return InvalidArgument(path + ":" + std::to_string(node.Mark().line + 1) + ": " + what);
}

Result<Context> ParseContext(const std::string& path, const std::string& name, const YAML::Node& node) {
  if (!node.IsMap()) return At(path, node, "the context \"" + name + "\" must be a map");
  Context context;
  context.name = name;
  for (const auto& entry : node) {
    const auto key = entry.first.as<std::string>();
    std::string* target = nullptr;
    if (key == "endpoint") target = &context.endpoint;
    if (key == "token") target = &context.token;
    if (key == "ca") target = &context.ca_pem;
    if (key == "ca_fingerprint") target = &context.ca_fingerprint;
    if (key == "workspace") target = &context.workspace;
    if (key == "stack") target = &context.stack;
    if (key == "default_labels") {
      if (!entry.second.IsMap()) return At(path, entry.second, "\"default_labels\" must be a map");
      for (const auto& label : entry.second) {
        context.default_labels[label.first.as<std::string>()] = label.second.as<std::string>();
      }
      continue;
    }
    if (target == nullptr) return At(path, entry.first, "unknown key \"" + key + "\"");
    if (!entry.second.IsScalar()) return At(path, entry.second, "\"" + key + "\" must be a text");
    *target = entry.second.as<std::string>();
  }
  return context;
}

Result<ContextFile> Parse(const std::string& path, const std::string& text) {
  const YAML::Node root = YAML::Load(text);
  ContextFile file;
  if (root.IsNull()) return file;
  if (!root.IsMap()) return At(path, root, "a context file is a map with `current` and `contexts`");
  for (const auto& entry : root) {
    const auto key = entry.first.as<std::string>();
    if (key == "current" && entry.second.IsScalar()) {
      file.current = entry.second.as<std::string>();
    } else if (key == "contexts" && entry.second.IsMap()) {
      for (const auto& item : entry.second) {
        const auto name = item.first.as<std::string>();
        PW_ASSIGN(file.contexts[name], ParseContext(path, name, item.second));
      }
    } else {
      return At(path, entry.first, "unknown key \"" + key + "\", or not what belongs there");
    }
  }
  return file;
}

std::string Emit(const ContextFile& file) {
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "current" << YAML::Value << YAML::DoubleQuoted << file.current;
  out << YAML::Key << "contexts" << YAML::Value << YAML::BeginMap;
  for (const auto& [name, context] : file.contexts) {
    out << YAML::Key << YAML::DoubleQuoted << name << YAML::Value << YAML::BeginMap;
    const auto put = [&](const char* key, const std::string& value) {
      if (!value.empty()) out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
    };
    put("endpoint", context.endpoint);
    put("token", context.token);
    if (!context.ca_pem.empty()) out << YAML::Key << "ca" << YAML::Value << YAML::Literal << context.ca_pem;
    put("ca_fingerprint", context.ca_fingerprint);
    put("workspace", context.workspace);
    put("stack", context.stack);
    if (!context.default_labels.empty()) {
      out << YAML::Key << "default_labels" << YAML::Value << YAML::BeginMap;
      for (const auto& [key, value] : context.default_labels) {
        out << YAML::Key << YAML::DoubleQuoted << key << YAML::Value << YAML::DoubleQuoted << value;
      }
      out << YAML::EndMap;
    }
    out << YAML::EndMap;
  }
  out << YAML::EndMap << YAML::EndMap;
  return std::string(out.c_str(), out.size()) + "\n";
}

Status MakeFolder(const std::filesystem::path& folder) {
  if (folder.empty() || std::filesystem::exists(folder)) return Ok();
  PW_TRY(MakeFolder(folder.parent_path()));
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return ErrnoError(errno, "make the folder " + folder.string());
  return Ok();
}

}  // namespace

Result<ContextFile> LoadContextFile(const std::string& path) {
  const FileHandle handle(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!handle.open() && errno == ENOENT) return ContextFile();
  if (!handle.open()) return ErrnoError(errno, "open " + path);
  struct stat info {};
  const bool open_to_others = fstat(handle.get(), &info) != 0 || (info.st_mode & 077) != 0;
  if (open_to_others) {
    return FailedPrecondition(path + " holds tokens and others may read it: run chmod 600 " + path);
  }
  PW_ASSIGN(const std::string text, ReadAll(handle.get(), path, kMaxFileBytes));
  try {
    return Parse(path, text);
  } catch (const YAML::Exception& e) {
    return InvalidArgument(path + ":" + std::to_string(e.mark.line + 1) + ": " + e.msg);
  }
}

Status SaveContextFile(const std::string& path, const ContextFile& file) {
  try {
    PW_TRY(MakeFolder(std::filesystem::path(path).parent_path()));
  } catch (const std::filesystem::filesystem_error& e) {
    return FailedPrecondition(std::string("make the folder of ") + path + ": " + e.what());
  }
  SystemRandom random;
  const std::string temporary = path + "." + random.Id(8) + ".new";
  FileHandle handle(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!handle.open()) return ErrnoError(errno, "create " + temporary);
  Status status = WriteSynced(handle.get(), Emit(file), temporary);
  handle.Close();
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0) status = ErrnoError(errno, "rename to " + path);
  if (!status.ok()) unlink(temporary.c_str());
  return status;
}

}  // namespace podwright::client
