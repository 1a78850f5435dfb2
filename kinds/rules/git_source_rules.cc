#include "kinds/rules/git_source_rules.h"

#include <string>
#include <string_view>

#include "kinds/diagnostic.h"
#include "podwright/v1/kinds/git_source.pb.h"

namespace podwright::kinds {
namespace {

void CheckPath(const std::string& path, Diagnostics* out) {
  const Path at = Path().Attribute("path");
  for (std::size_t start = 0; start <= path.size();) {
    std::size_t end = path.find('/', start);
    if (end == std::string::npos) end = path.size();
    const std::string part = path.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") {
      out->AddError("it has a part \"" + part + "\"", at,
                    "name a folder below the repository's root, as in plans/prod");
      return;
    }
    start = end + 1;
  }
}

// Git refuses them, too; here the error has its place.
void CheckBranch(const std::string& branch, Diagnostics* out) {
  if (branch.find("..") != std::string::npos || branch.find("//") != std::string::npos || branch.ends_with('/') ||
      branch.ends_with('.') || branch.ends_with(".lock")) {
    out->AddError("Git allows no branch of the name \"" + branch + "\"", Path().Attribute("branch"));
  }
}

void CheckTransport(const v1::kinds::GitSourceSpec& spec, Diagnostics* out) {
  const bool ssh = spec.url().starts_with("ssh://");
  const bool https = spec.url().starts_with("https://");
  if (ssh && spec.host_keys().empty()) {
    out->AddError("a repository over SSH needs the server's key", Path().Attribute("host_keys"),
                  "ssh-keyscan HOST prints it; compare it with what the server's owner publishes");
  }
  if (ssh && !spec.has_credentials()) {
    out->AddError("a repository over SSH needs a private key", Path().Attribute("credentials"),
                  "name the secret that holds it");
  }
  if (!ssh && !spec.host_keys().empty()) {
    out->AddError("only an ssh:// server shows such a key", Path().Attribute("host_keys"));
  }
  if (!https && spec.has_ca()) out->AddError("only an https:// server has a certificate", Path().Attribute("ca"));
  if (!ssh && !https && spec.has_credentials()) {
    out->AddError("a file:// or git:// repository asks for no credentials", Path().Attribute("credentials"));
  }
  // Whoever is in between can answer git://: only signatures say whose commits they are.
  if (spec.url().starts_with("git://") && !spec.has_verification()) {
    out->AddError("a repository over git:// is believed for its commits' signatures only",
                  Path().Attribute("verification"), "name the signers, or use https:// or ssh://");
  }
}

}  // namespace

void CheckGitSourceRules(const google::protobuf::Message& message, Diagnostics* out) {
  const auto& spec = static_cast<const v1::kinds::GitSourceSpec&>(message);
  CheckTransport(spec, out);
  if (spec.has_path()) CheckPath(spec.path(), out);
  if (spec.has_branch()) CheckBranch(spec.branch(), out);
  if (spec.has_verification() && spec.verification().signers().empty()) {
    out->AddError("nobody may sign", Path().Attribute("verification").Attribute("signers"),
                  "name a signer, or leave verification out");
  }
}

}  // namespace podwright::kinds
