#include "kinds/loader.h"

#include <fcntl.h>
#include <google/protobuf/message.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "kinds/binder.h"
#include "kinds/folder_references.h"
#include "kinds/names.h"
#include "kinds/registry.h"
#include "kinds/validate.h"
#include "kinds/yaml_reader.h"

namespace podwright::kinds {
namespace {

namespace fs = std::filesystem;

// Collects documents, then looks at them together.
class Loader {
 public:
  Loader(const Registry& registry, const LoadOptions& options) : registry_(registry), options_(options) {}

  void Text(std::string_view text, const std::string& file) {
    for (const YamlDocument& document : ReadYaml(text, file, &folder_.diagnostics)) Document(document, file);
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
    references_.Check(options_, &folder_.diagnostics);
    folder_.diagnostics.SortByPlace();
    return std::move(folder_);
  }

 private:
  static Result<std::string> Read(const std::string& path, bool follow);
  void Document(const YamlDocument& document, const std::string& file);
  const Kind* FindKind(const Node& root, Binder* binder);
  void Header(const Node& root, Binder* binder);
  std::string Metadata(const Node& root, v1::DesiredObject* object, Binder* binder, Place* place);
  void Labels(const Node& node, const Path& path, v1::DesiredObject* object, Binder* binder);
  void Refuse(Location location, std::string message) {
    folder_.diagnostics.Add({Severity::kError, std::move(message), {}, std::move(location), {}});
  }

  const Registry& registry_;
  const LoadOptions& options_;
  LoadedFolder folder_;
  FolderReferences references_;
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
      folder_.diagnostics.Add({Severity::kWarning,
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
    folder_.diagnostics.Add({Severity::kWarning, "there is no .yaml or .yml file in it", {}, {path, 0, 0}, {}});
  }
  for (const std::string& file : files) File(file, false);
}

void Loader::Header(const Node& root, Binder* binder) {
  static const std::vector<std::string> kKeys = {"apiVersion", "kind", "metadata", "spec"};
  for (const Node& child : root.children) {
    if (std::find(kKeys.begin(), kKeys.end(), child.key) != kKeys.end()) continue;
    const std::string near = Nearest(child.key, kKeys);
    binder->Error(child.key_place, {}, "unknown field `" + child.key + "`",
                  near.empty() ? "a document has apiVersion, kind, metadata and spec" : "did you mean `" + near + "`?");
  }
  const Node* version = root.Find("apiVersion");
  if (version == nullptr || version->kind != Node::Kind::kScalar) {
    binder->Error(version == nullptr ? root.place : version->place, {}, "`apiVersion` is missing",
                  "write apiVersion: " + std::string(kApiVersion));
  } else if (version->text != kApiVersion) {
    const bool ours = version->text.starts_with("podwright.dev/");
    binder->Error(version->place, {}, "unknown apiVersion " + Describe(*version),
                  ours ? "this program knows " + std::string(kApiVersion) + ": a newer release is needed"
                       : "write apiVersion: " + std::string(kApiVersion));
  }
}

const Kind* Loader::FindKind(const Node& root, Binder* binder) {
  const Node* node = root.Find("kind");
  if (node == nullptr || node->kind != Node::Kind::kScalar) {
    binder->Error(node == nullptr ? root.place : node->place, {}, "`kind` is missing");
    return nullptr;
  }
  if (const Kind* kind = registry_.FindByYamlName(node->text)) return kind;
  if (const Kind* kind = registry_.FindByAnyName(node->text)) {
    binder->Error(node->place, {}, "unknown kind " + Describe(*node), "write kind: " + kind->yaml_name());
    return nullptr;
  }
  std::vector<std::string> names;
  std::string all;
  for (const Kind* kind : registry_.All()) {
    names.push_back(kind->yaml_name());
    all += (all.empty() ? "" : ", ") + kind->yaml_name();
  }
  const std::string near = Nearest(node->text, names);
  binder->Error(node->place, {}, "unknown kind " + Describe(*node),
                near.empty() ? "this program knows " + all : "did you mean `" + near + "`?");
  return nullptr;
}

void Loader::Labels(const Node& node, const Path& path, v1::DesiredObject* object, Binder* binder) {
  if (node.kind == Node::Kind::kNull) return;
  if (node.kind != Node::Kind::kMap) {
    binder->Error(node.place, path, "expected names with values, found " + Describe(node));
    return;
  }
  for (const Node& label : node.children) {
    const Path at = path.Key(label.key);
    binder->Remember(at, label.key_place);
    if (label.kind != Node::Kind::kScalar) {
      binder->Error(label.place, at, "expected text, found " + Describe(label));
    } else {
      (*object->mutable_labels())[label.key] = label.text;
    }
  }
}

// The name and its place, or nothing when it is missing or bad.
std::string Loader::Metadata(const Node& root, v1::DesiredObject* object, Binder* binder, Place* place) {
  const Path path = Path().Attribute("metadata");
  const Node* metadata = root.Find("metadata");
  if (metadata == nullptr || metadata->kind != Node::Kind::kMap) {
    binder->Error(metadata == nullptr ? root.place : metadata->place, path, "it is missing",
                  "write metadata: {name: …}");
    return {};
  }
  const Node* name = nullptr;
  for (const Node& child : metadata->children) {
    if (child.key == "name") {
      name = &child;
    } else if (child.key == "labels") {
      Labels(child, path.Attribute("labels"), object, binder);
    } else {
      const std::string near = Nearest(child.key, {"name", "labels"});
      binder->Error(child.key_place, path, "unknown field `" + child.key + "`",
                    near.empty() ? "metadata has name and labels" : "did you mean `" + near + "`?");
    }
  }
  if (name == nullptr || name->kind != Node::Kind::kScalar) {
    binder->Error(name == nullptr ? metadata->place : name->place, path.Attribute("name"), "it is missing");
    return {};
  }
  if (!IsValidName(name->text)) {
    binder->Error(name->place, path.Attribute("name"),
                  "the name " + Describe(*name) + " does not match ^[a-z][a-z0-9-]{0,62}$",
                  "lower-case letters, digits and hyphens, a letter first, at most 63");
    return {};
  }
  object->set_name(name->text);
  *place = name->place;
  return name->text;
}

void Loader::Document(const YamlDocument& document, const std::string& file) {
  const Node& root = document.root;
  if (root.kind != Node::Kind::kMap) {
    if (!document.broken)
      Refuse({file, root.place.line, root.place.column},
             "a document is an object with apiVersion, kind, metadata and spec");
    return;
  }
  Diagnostics found;
  Binder binder(Syntax::kYaml, file, &found);
  binder.Remember({}, root.place);
  v1::DesiredObject object;
  Header(root, &binder);
  const Kind* kind = FindKind(root, &binder);
  Place name_place;
  const std::string name = Metadata(root, &object, &binder, &name_place);
  Diagnostics labels = ValidateLabels({object.labels().begin(), object.labels().end()});
  for (Diagnostic& item : labels.items()) {
    Path at = Path().Attribute("metadata").Attribute("labels");
    if (item.path.steps().size() > 1) at = at.Key(item.path.steps()[1].name);
    item.path = at;
    item.location = binder.Locate(at);
  }
  found.Append(std::move(labels));

  std::unique_ptr<google::protobuf::Message> spec;
  Binder spec_binder(Syntax::kYaml, file, &found);
  const Node* spec_node = root.Find("spec");
  if (kind != nullptr) {
    spec = kind->NewSpec();
    spec_binder.Remember({}, spec_node != nullptr ? spec_node->key_place : root.place);
    if (spec_node != nullptr && spec_node->kind == Node::Kind::kMap) {
      spec_binder.Bind(kind->schema(), *spec_node, spec.get(), {});
    } else if (spec_node != nullptr && spec_node->kind != Node::Kind::kNull) {
      binder.Error(spec_node->place, {}, "expected an object, found " + Describe(*spec_node));
    }
    // A document that could not be read whole would only bring errors that follow from the first.
    if (!document.broken && !found.has_errors()) {
      Diagnostics rules = Validate(*kind, *spec);
      for (Diagnostic& item : rules.items()) item.location = spec_binder.Locate(item.path);
      found.Append(std::move(rules));
    }
  }
  const Location location{file, root.place.line, root.place.column};
  if (kind != nullptr && !name.empty()) {
    const Location first = references_.Declare(kind->name(), name, location);
    if (first.known()) {
      binder.Error(name_place, {}, kind->name() + "/" + name + " is declared twice; first at " + first.ToString());
    }
  }
  const bool good = !document.broken && !found.has_errors();
  folder_.diagnostics.Append(std::move(found));
  if (!good || kind == nullptr || spec == nullptr) return;
  for (Reference& reference : References(*kind, *spec)) {
    const Location place = spec_binder.Locate(reference.path);
    references_.Add(kind->name(), name, std::move(reference), place);
  }
  object.set_kind(kind->name());
  object.set_spec(EncodeSpec(*spec));
  object.set_schema_revision(kind->schema_revision());
  folder_.documents.push_back({std::move(object), location});
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
