#include "cli/exporting.h"

#include <google/protobuf/message.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "cli/render/words.h"
#include "core/file.h"
#include "kinds/export.h"
#include "kinds/registry.h"
#include "kinds/validate.h"
#include "podwright/v1/kinds/secret.pb.h"

namespace podwright::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "# Written by `podwright export`; without this line no export replaces the file.\n";

// A value that was set by command or written is nowhere in the spec.
bool LacksValue(const std::string& kind, const google::protobuf::Message& spec) {
  if (kind != "secret") return false;
  v1::kinds::SecretSpec secret;
  if (!secret.ParseFromString(spec.SerializeAsString())) return false;
  return !secret.has_generator() && !secret.has_sealed();
}

struct Target {
  fs::path path;
  std::string content;
};

// Whether the file has to be written; why it must not be, as an error.
Result<bool> MayWrite(const Target& target, Overwrite overwrite) {
  std::error_code failed;
  const fs::file_status status = fs::symlink_status(target.path, failed);
  if (status.type() == fs::file_type::not_found) return true;
  if (failed) return Unavailable(target.path.string() + ": " + failed.message());
  if (status.type() != fs::file_type::regular) return FailedPrecondition(target.path.string() + " is no plain file");
  std::ifstream in(target.path, std::ios::binary);
  std::ostringstream there;
  there << in.rdbuf();
  if (!in) return Unavailable(target.path.string() + " cannot be read");
  if (there.str() == target.content) return false;
  if (overwrite == Overwrite::kAll || there.str().starts_with(kMark)) return true;
  return FailedPrecondition(target.path.string() + " is there and was not written by an export");
}

}  // namespace

Result<Exported> ExportObject(const kinds::Registry& registry, const v1::ObjectView& view, SpecOf which) {
  const v1::StoredObject& object = view.object();
  Exported out;
  out.ref.set_kind(object.kind());
  out.ref.set_name(object.name());
  const std::string name = RefText(out.ref);
  const kinds::Kind* kind = registry.Find(object.kind());
  if (kind == nullptr)
    return Unimplemented(name + ": this program is older than the control plane, and knows no such kind");
  const bool found = which == SpecOf::kActual && !view.actual().empty();
  auto spec = kinds::DecodeSpec(*kind, found ? view.actual() : object.spec());
  if (!spec.ok()) return Unimplemented(name + " cannot be read by this program: " + spec.error().message());
  const kinds::ExportedDocument document = kinds::Export(
      *kind, object.name(), std::map<std::string, std::string>(object.labels().begin(), object.labels().end()), **spec);
  if (LacksValue(object.kind(), **spec)) {
    out.hints.push_back("its value is not part of the document: podwright secret set " + object.name());
  }
  for (const std::string& path : document.left_out) {
    out.hints.push_back(path + " is left out, because it is sensitive: set it before the document is applied");
  }
  for (const std::string& hint : out.hints) out.text += "# " + hint + "\n";
  out.text += document.yaml;
  return out;
}

Result<int> WriteExports(const std::string& folder, const std::vector<Exported>& documents, Overwrite overwrite) {
  std::vector<Target> targets;
  std::string problems;
  for (const Exported& document : documents) {
    Target target{fs::path(folder) / document.ref.kind() / (document.ref.name() + ".yaml"),
                  std::string(kMark) + document.text};
    const Result<bool> may = MayWrite(target, overwrite);
    if (!may.ok()) {
      problems += may.error().message() + "\n";
    } else if (*may) {
      targets.push_back(std::move(target));
    }
  }
  if (!problems.empty()) return FailedPrecondition(problems + "nothing was written; --force replaces plain files");
  for (const Target& target : targets) {
    std::error_code failed;
    fs::create_directories(target.path.parent_path(), failed);
    if (failed) return Unavailable(target.path.parent_path().string() + ": " + failed.message());
    PW_TRY(ReplaceFile(target.path.string(), target.content, 0644));
  }
  return static_cast<int>(targets.size());
}

}  // namespace podwright::cli
