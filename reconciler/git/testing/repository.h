// A repository on the disk for tests, made by the program `git`. Aborts where it cannot be.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace podwright::git::testing {

class Repository {
 public:
  Repository();
  ~Repository();
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;

  std::string Url() const { return "file://" + (folder_ / "plans").string(); }
  std::filesystem::path folder() const { return folder_; }  // the repository is its subfolder `plans`

  // `git ARGUMENTS…` in the repository; standard output without the last newline.
  std::string Git(const std::vector<std::string>& arguments) const;
  void Write(const std::string& path, const std::string& text) const;
  void Remove(const std::string& path) const;
  // Everything as it lies there; answers the commit.
  std::string Commit(const std::string& message, const std::vector<std::string>& arguments = {}) const;
  std::string Head() const { return Git({"rev-parse", "HEAD"}); }

  // A new SSH key without a passphrase: the path of the private one; the public one's text.
  std::string MakeSshKey(const std::string& name, std::string* public_text) const;
  // Commits from here on are signed with it; "" ends that.
  void SignWithSsh(const std::string& private_key) const;

 private:
  std::string Run(const std::vector<std::string>& argv) const;
  std::filesystem::path folder_;
};

}  // namespace podwright::git::testing
