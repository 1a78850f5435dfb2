#include "cli/git_tree.h"

#include <algorithm>
#include <charconv>

#include "core/process.h"

namespace podwright::cli {
namespace {

constexpr std::size_t kMostOutput = std::size_t{512} << 20;
constexpr std::size_t kMostFiles = 20'000;

struct Entry {
  std::string mode;
  std::string id;
  std::string path;
};

// "MODE TYPE ID\tPATH", each ended by a zero byte.
std::vector<Entry> ParseEntries(const std::string& text) {
  std::vector<Entry> entries;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\0', start), text.size());
    const std::string line = text.substr(start, end - start);
    const std::size_t tab = line.find('\t');
    const std::size_t last = line.rfind(' ', tab);
    if (tab != std::string::npos && last != std::string::npos) {
      entries.push_back({line.substr(0, line.find(' ')), line.substr(last + 1, tab - last - 1), line.substr(tab + 1)});
    }
    start = end + 1;
  }
  return entries;
}

bool IsHidden(const std::string& path) {
  return path.starts_with('.') || path.find("/.") != std::string::npos;
}

// "ID blob SIZE\n", the bytes, a newline; for every entry.
Status TakeContents(const std::string& text, std::vector<Entry>& entries, std::vector<kinds::NamedText>* files) {
  std::size_t at = 0;
  for (Entry& entry : entries) {
    const std::size_t line = text.find('\n', at);
    if (line == std::string::npos) return Internal("git cat-file ended before " + entry.path);
    const std::size_t space = text.rfind(' ', line);
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text.data() + space + 1, text.data() + line, size);
    if (error != std::errc() || end != text.data() + line || text.size() - line - 1 < size) {
      return Internal("git cat-file says of " + entry.path + ": " + text.substr(at, line - at));
    }
    if (size > kinds::kMaxFileBytes) return InvalidArgument(entry.path + ": the file is larger than 16 MiB");
    files->push_back({std::move(entry.path), text.substr(line + 1, size)});
    at = line + 1 + size + 1;
  }
  return Ok();
}

ProcessRequest Request(const std::string& folder, std::vector<std::string> arguments, std::string input) {
  ProcessRequest request;
  request.argv = {"git", "-C", folder, "--no-pager"};
  request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
  request.env = {{"LC_ALL", "C"}, {"GIT_OPTIONAL_LOCKS", "0"}};
  request.stdin_bytes = std::move(input);
  request.max_output = kMostOutput;
  return request;
}

}  // namespace

Result<std::string> GitClone::Git(std::vector<std::string> arguments, std::string input) const {
  return RunForOutput(Request(folder_, std::move(arguments), std::move(input)));
}

Result<std::string> GitClone::Resolve(const std::string& reference) const {
  if (reference.empty() || reference.starts_with('-')) return InvalidArgument("\"" + reference + "\" is no reference");
  const ProcessRequest request = Request(folder_, {"rev-parse", "--verify", "--quiet", reference + "^{commit}"}, "");
  PW_ASSIGN(const ProcessResult result, RunProcess(request));
  if (!result.Succeeded()) {
    const std::string why = result.err.empty() ? "" : ": " + result.err;
    return NotFound("there is no commit " + reference + " in the repository " + folder_ + why);
  }
  return result.out.substr(0, result.out.find('\n'));
}

Result<std::string> GitClone::Merged(const std::string& base, const std::string& head) const {
  const ProcessRequest request = Request(folder_, {"merge-tree", "--write-tree", "--name-only", base, head}, "");
  PW_ASSIGN(const ProcessResult result, RunProcess(request));
  if (result.Succeeded()) return result.out.substr(0, result.out.find('\n'));
  // 1: conflicts; the files stand between the tree and an empty line.
  if (result.exit_code != 1) return ProcessFailure(request, result);
  const std::size_t begin = std::min(result.out.find('\n'), result.out.size() - 1) + 1;
  std::string files = result.out.substr(begin, result.out.find("\n\n", begin) - begin);
  std::replace(files.begin(), files.end(), '\n', ' ');
  return FailedPrecondition("a merge would conflict in: " + files + "; rebase the branch, or merge the base into it");
}

Result<std::vector<kinds::NamedText>> GitClone::Read(const std::string& tree, const std::string& path) const {
  std::vector<std::string> listing{"ls-tree", "-r", "-z", "--full-tree", tree};
  if (!path.empty()) {
    listing.push_back("--");
    listing.push_back(path + "/");
  }
  PW_ASSIGN(const std::string text, Git(std::move(listing)));
  std::vector<Entry> documents;
  std::string ids;
  for (Entry& entry : ParseEntries(text)) {
    if (IsHidden(entry.path.substr(path.empty() ? 0 : path.size() + 1))) continue;
    if (entry.mode == "120000")
      return InvalidArgument(entry.path + ": symbolic links are not followed; take it out of the folder");
    if (entry.mode == "160000")
      return InvalidArgument(entry.path + ": submodules are not followed; take it out of the folder");
    if (!entry.path.ends_with(".yaml") && !entry.path.ends_with(".yml")) continue;
    if (documents.size() == kMostFiles) return InvalidArgument("there are more than 20,000 files of documents");
    ids += entry.id + "\n";
    documents.push_back(std::move(entry));
  }
  std::vector<kinds::NamedText> files;
  if (documents.empty()) return files;
  PW_ASSIGN(const std::string contents, Git({"cat-file", "--batch"}, std::move(ids)));
  PW_TRY(TakeContents(contents, documents, &files));
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.file < b.file; });
  return files;
}

}  // namespace podwright::cli
