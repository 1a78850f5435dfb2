#include "reconciler/planner/kinds/server_actual.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/digest.h"
#include "kinds/firewall/firewall_form.h"
#include "kinds/server/apt_source_form.h"

namespace podwright::planner {

namespace {

using v1::kinds::ServerObserved;
using v1::kinds::ServerSpec;

// "4096\t87380" and "4096 87380" are the same to the kernel.
std::string Words(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\n';
    if (!space) out += c;
    if (space && !out.empty() && out.back() != ' ') out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

template <typename Item, typename Found>
void ModeAndOwner(Item& item, const Item& filled, const Found& found) {
  if (found.mode() != filled.mode()) item.set_mode(found.mode());
  if (found.owner() != filled.owner()) item.set_owner(found.owner());
  if (found.group() != filled.group()) item.set_group(found.group());
}

void Packages(const ServerSpec& filled, const ServerObserved& observed, ServerSpec& actual) {
  for (const auto& [name, wanted] : filled.packages()) {
    const auto found = observed.packages().find(name);
    const bool installed = found != observed.packages().end();
    auto& item = (*actual.mutable_packages())[name];
    if (wanted.absent()) {
      if (installed) item.set_absent(false);
    } else if (!installed) {
      actual.mutable_packages()->erase(name);
    } else if (wanted.has_version() && wanted.version() != found->second) {
      item.set_version(found->second);
    }
  }
}

void AptSources(const ServerSpec& filled, const ServerObserved& observed, ServerSpec& actual) {
  for (const auto& [name, wanted] : filled.apt_sources()) {
    const auto found = observed.apt_sources().find(name);
    const auto files = kinds::AptSourceFiles(name, wanted);
    const bool same =
        files.ok() && found != observed.apt_sources().end() && found->second.sha256() == kinds::AptSourceDigest(*files);
    if (!same) actual.mutable_apt_sources()->erase(name);
  }
}

void Files(const ServerSpec& filled, const ServerObserved& observed, ServerSpec& actual) {
  for (const auto& [path, wanted] : filled.files()) {
    const auto found = observed.files().find(path);
    if (found == observed.files().end() || (found->second.has_type() && found->second.type() != "file")) {
      actual.mutable_files()->erase(path);
      continue;
    }
    auto& item = (*actual.mutable_files())[path];
    if (found->second.sha256() != Sha256(wanted.content()).Hex()) {
      item.set_content(found->second.has_content() ? found->second.content()
                                                   : "(differs, SHA-256 " + found->second.sha256() + ")");
    }
    ModeAndOwner(item, wanted, found->second);
  }
}

void Units(const ServerSpec& filled, const ServerObserved& observed, ServerSpec& actual) {
  for (const auto& [name, wanted] : filled.units()) {
    const auto found = observed.units().find(name);
    if (found == observed.units().end() || found->second.load_state() == "not-found") {
      actual.mutable_units()->erase(name);
      continue;
    }
    auto& item = (*actual.mutable_units())[name];
    if (found->second.enabled() != wanted.enabled()) item.set_enabled(found->second.enabled());
    if (found->second.active() != wanted.running()) item.set_running(found->second.active());
  }
}

void Users(const ServerSpec& filled, const ServerObserved& observed, ServerSpec& actual) {
  for (const auto& [name, wanted] : filled.users()) {
    const auto found = observed.users().find(name);
    if (found == observed.users().end()) {
      actual.mutable_users()->erase(name);
      continue;
    }
    auto& item = (*actual.mutable_users())[name];
    if (wanted.has_shell() && found->second.shell() != wanted.shell()) item.set_shell(found->second.shell());
    if (wanted.has_home() && found->second.home() != wanted.home()) item.set_home(found->second.home());
    const auto& has = found->second.groups();
    const bool all = std::all_of(wanted.groups().begin(), wanted.groups().end(), [&](const std::string& group) {
      return std::find(has.begin(), has.end(), group) != has.end();
    });
    if (!all) *item.mutable_groups() = has;
    if (!wanted.authorized_keys().empty()) {
      std::vector<std::string> a(wanted.authorized_keys().begin(), wanted.authorized_keys().end());
      std::vector<std::string> b(found->second.authorized_keys().begin(), found->second.authorized_keys().end());
      std::sort(a.begin(), a.end());
      std::sort(b.begin(), b.end());
      if (a != b) *item.mutable_authorized_keys() = found->second.authorized_keys();
    }
  }
}

void Secrets(const ServerSpec& filled, const ServerObserved& observed, ServerSpec& actual) {
  for (const auto& [path, wanted] : filled.secrets()) {
    const auto found = observed.secrets().find(path);
    if (found == observed.secrets().end() || found->second.version() == 0) {
      actual.mutable_secrets()->erase(path);
      continue;
    }
    ModeAndOwner((*actual.mutable_secrets())[path], wanted, found->second);
  }
}

}  // namespace

ServerSpec ActualServer(const ServerSpec& desired, const ServerSpec& filled, const ServerObserved& observed,
                        const v1::kinds::FirewallAction& firewall) {
  ServerSpec actual = desired;
  Packages(filled, observed, actual);
  AptSources(filled, observed, actual);
  Files(filled, observed, actual);
  Units(filled, observed, actual);
  Users(filled, observed, actual);
  Secrets(filled, observed, actual);
  for (const auto& [key, wanted] : filled.sysctl()) {
    const auto found = observed.sysctl().find(key);
    if (found == observed.sysctl().end()) {
      actual.mutable_sysctl()->erase(key);
    } else if (Words(found->second) != Words(wanted)) {
      (*actual.mutable_sysctl())[key] = found->second;
    }
  }
  if (desired.has_firewall()) {
    const auto wanted = kinds::WantedFirewall(firewall);
    if (!wanted.ok() || observed.firewall() != kinds::FirewallDigest(*wanted)) actual.clear_firewall();
  }
  return actual;
}

}  // namespace podwright::planner
