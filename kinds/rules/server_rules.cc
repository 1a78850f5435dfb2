#include "kinds/rules/server_rules.h"

#include <string>

#include "kinds/diagnostic.h"
#include "kinds/server/apt_source_form.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::kinds {
namespace {

void CheckMachine(const v1::kinds::ServerSpec& spec, Diagnostics* out) {
  if (spec.has_cloud()) return;
  const auto needs_cloud = [&](bool set, const char* field) {
    if (set) {
      out->AddError("it needs `cloud`: an existing machine is taken as it is", Path().Attribute(field),
                    "name the cloud, or leave this out");
    }
  };
  needs_cloud(spec.has_region(), "region");
  needs_cloud(spec.has_size(), "size");
  needs_cloud(spec.has_image(), "image");
}

void CheckFirewall(const v1::kinds::ServerSpec& spec, Diagnostics* out) {
  for (const auto& [name, rule] : spec.firewall().inbound()) {
    if (!rule.has_port_end() || rule.port_end() >= rule.port()) continue;
    out->AddError("the last port is less than the first, " + std::to_string(rule.port()),
                  Path().Attribute("firewall").Attribute("inbound").Key(name).Attribute("port_end"));
  }
}

void CheckFiles(const v1::kinds::ServerSpec& spec, Diagnostics* out) {
  for (const auto& [path, secret] : spec.secrets()) {
    if (spec.files().contains(path)) {
      out->AddError("the same path is in `files`, too", Path().Attribute("secrets").Key(path));
    }
  }
  // A path that is a file cannot be the folder of another one.
  const auto declared = [&](const std::string& path) {
    return spec.files().contains(path) || spec.secrets().contains(path);
  };
  const auto check = [&](const std::string& path, const char* field) {
    for (std::size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
         slash = path.rfind('/', slash - 1)) {
      const std::string folder = path.substr(0, slash);
      if (declared(folder))
        out->AddError("its folder, " + folder + ", is declared as a file", Path().Attribute(field).Key(path));
    }
    if (path == "/") out->AddError("the root folder is no file", Path().Attribute(field).Key(path));
  };
  for (const auto& [path, file] : spec.files()) check(path, "files");
  for (const auto& [path, secret] : spec.secrets()) check(path, "secrets");
}

void CheckAptSources(const v1::kinds::ServerSpec& spec, Diagnostics* out) {
  for (const auto& [name, source] : spec.apt_sources()) {
    const Path path = Path().Attribute("apt_sources").Key(name);
    if (!source.has_key()) continue;
    if (const std::string wrong = WrongAptKey(source.key()); !wrong.empty()) {
      out->AddError(wrong, path.Attribute("key"));
    }
    const bool flat = source.suite().ends_with("/");
    if (flat != source.components().empty()) {
      out->AddError(flat ? "a flat repository (`suite` ends in \"/\") has no components"
                         : "it has no components, and `suite` is not the path of a flat repository (\"./\")",
                    path.Attribute("components"));
    }
  }
}

void CheckUsers(const v1::kinds::ServerSpec& spec, Diagnostics* out) {
  for (const auto& [name, user] : spec.users()) {
    const Path keys = Path().Attribute("users").Key(name).Attribute("authorized_keys");
    for (int i = 0; i < user.authorized_keys_size(); ++i) {
      for (int k = 0; k < i; ++k) {
        if (user.authorized_keys(k) != user.authorized_keys(i)) continue;
        out->AddError("the key is listed twice", keys.Index(static_cast<std::size_t>(i)));
        break;
      }
    }
  }
}

}  // namespace

void CheckServerRules(const google::protobuf::Message& message, Diagnostics* out) {
  const auto& spec = static_cast<const v1::kinds::ServerSpec&>(message);
  CheckMachine(spec, out);
  CheckFirewall(spec, out);
  CheckFiles(spec, out);
  CheckUsers(spec, out);
  CheckAptSources(spec, out);
}

}  // namespace podwright::kinds
