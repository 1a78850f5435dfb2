#include "kinds/loader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "kinds/parsed_file.h"

namespace podwright::kinds {
namespace {

namespace fs = std::filesystem;

// Collects documents, then looks at them together.
class Loader {
 public:
  Loader(const Registry& registry, const LoadOptions& options) : registry_(registry), options_(options) {}

  void Text(std::string_view text, const std::string& file) {
    files_.push_back(std::make_unique<ParsedFile>(ParseFile(registry_, text, file)));
  }

  void File(const std::string& path, bool follow) {
    auto text = Read(path, follow);
    if (!text.ok()) {
      Refuse({path, 0, 0}, text.error().message());
      return;
    }
    Text(*text, path);
  }

  void Folder(const std::string& path);

  LoadedFolder Finish() {
    std::vector<const ParsedFile*> files;
    for (const auto& file : files_) files.push_back(file.get());
    JoinedFolder joined = Join(files, options_);
    LoadedFolder folder;
    folder.diagnostics = std::move(refusals_);
    folder.diagnostics.Append(std::move(joined.diagnostics));
    folder.diagnostics.SortByPlace();
    for (const ParsedDocument* document : joined.documents) {
      folder.documents.push_back({document->object, document->location});
    }
    return folder;
  }

 private:
  static Result<std::string> Read(const std::string& path, bool follow);
  void Refuse(Location location, std::string message) {
    refusals_.Add({Severity::kError, std::move(message), {}, std::move(location), {}});
  }

  const Registry& registry_;
  const LoadOptions& options_;
  std::vector<std::unique_ptr<ParsedFile>> files_;
  Diagnostics refusals_;  // of files and folders
};

Result<std::string> Loader::Read(const std::string& path, bool follow) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
  if (fd < 0) return ErrnoError(errno, "open");
  struct Closer {
    int fd;
    ~Closer() { close(fd); }
  } closer{fd};
  struct stat info {};
  if (fstat(fd, &info) != 0) return ErrnoError(errno, "stat");
  if (!S_ISREG(info.st_mode)) return InvalidArgument("it is no regular file");
  std::string text;
  while (text.size() <= kMaxFileBytes) {
    char buffer[65536];
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoError(errno, "read");
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return InvalidArgument("the file is larger than 16 MiB");
}

void Loader::Folder(const std::string& path) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator at(path, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    const fs::directory_entry& entry = *at;
    const std::string name = entry.path().filename().string();
    std::error_code ignored;
    const bool link = entry.is_symlink(ignored);
    if (name.starts_with('.')) {
      if (!link && entry.is_directory(ignored)) at.disable_recursion_pending();
      continue;
    }
    const std::string extension = entry.path().extension().string();
    if (extension != ".yaml" && extension != ".yml") continue;
    if (link) {
      refusals_.Add({Severity::kWarning,
                     "symbolic links are not followed; it is left out",
                     {},
                     {entry.path().string(), 0, 0},
                     {}});
    } else if (entry.is_regular_file(ignored)) {
      files.push_back(entry.path().string());
    }
  }
  if (error) Refuse({path, 0, 0}, "cannot read the folder: " + error.message());
  std::sort(files.begin(), files.end());
  if (files.empty() && !error) {
    refusals_.Add({Severity::kWarning, "there is no .yaml or .yml file in it", {}, {path, 0, 0}, {}});
  }
  for (const std::string& file : files) File(file, false);
}

}  // namespace

LoadedFolder LoadFolder(const Registry& registry, const std::string& path, const LoadOptions& options) {
  Loader loader(registry, options);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) {
    loader.Folder(path);
  } else {
    loader.File(path, true);
  }
  return loader.Finish();
}

LoadedFolder LoadFile(const Registry& registry, const std::string& path, const LoadOptions& options) {
  Loader loader(registry, options);
  loader.File(path, true);
  return loader.Finish();
}

LoadedFolder LoadTexts(const Registry& registry, const std::vector<NamedText>& files, const LoadOptions& options) {
  Loader loader(registry, options);
  for (const NamedText& file : files) loader.Text(file.text, file.file);
  return loader.Finish();
}

LoadedFolder LoadText(const Registry& registry, std::string_view text, std::string_view file,
                      const LoadOptions& options) {
  Loader loader(registry, options);
  loader.Text(text, std::string(file));
  return loader.Finish();
}

}  // namespace podwright::kinds
