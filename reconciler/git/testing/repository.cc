#include "reconciler/git/testing/repository.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "core/process.h"

namespace podwright::git::testing {

Repository::Repository() {
  std::string pattern = (std::filesystem::temp_directory_path() / "podwright-repository-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  std::filesystem::create_directory(folder_ / "plans");
  Git({"init", "-q", "-b", "main"});
  Git({"config", "user.name", "Ada"});
  Git({"config", "user.email", "ada@example.org"});
  Git({"config", "commit.gpgsign", "false"});
}

Repository::~Repository() {
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

std::string Repository::Run(const std::vector<std::string>& argv) const {
  ProcessRequest request;
  request.argv = argv;
  request.cwd = (folder_ / "plans").string();
  request.env = {{"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_CONFIG_SYSTEM", "/dev/null"}, {"HOME", folder_.string()}};
  Result<std::string> out = RunForOutput(request);
  if (!out.ok()) {
    std::fprintf(stderr, "%s\n", out.error().ToString().c_str());
    std::abort();
  }
  while (!out->empty() && out->back() == '\n') out->pop_back();
  return *std::move(out);
}

std::string Repository::Git(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv{"git"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return Run(argv);
}

void Repository::Write(const std::string& path, const std::string& text) const {
  const std::filesystem::path full = folder_ / "plans" / path;
  std::filesystem::create_directories(full.parent_path());
  std::ofstream(full) << text;
}

void Repository::Remove(const std::string& path) const {
  std::filesystem::remove_all(folder_ / "plans" / path);
}

std::string Repository::Commit(const std::string& message, const std::vector<std::string>& arguments) const {
  Git({"add", "-A"});
  std::vector<std::string> commit{"commit", "-q", "--allow-empty", "-m", message};
  commit.insert(commit.end(), arguments.begin(), arguments.end());
  Git(commit);
  return Head();
}

std::string Repository::MakeSshKey(const std::string& name, std::string* public_text) const {
  const std::string path = (folder_ / name).string();
  Run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path});
  std::ifstream file(path + ".pub");
  std::getline(file, *public_text);
  while (!public_text->empty() && public_text->back() == ' ') public_text->pop_back();
  return path;
}

void Repository::SignWithSsh(const std::string& private_key) const {
  Git({"config", "commit.gpgsign", private_key.empty() ? "false" : "true"});
  if (private_key.empty()) return;
  Git({"config", "gpg.format", "ssh"});
  Git({"config", "user.signingkey", private_key});
}

}  // namespace podwright::git::testing
