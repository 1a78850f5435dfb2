#include "kinds/parsed_file.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "kinds/binder.h"
#include "kinds/folder_references.h"
#include "kinds/loader.h"
#include "kinds/names.h"
#include "kinds/registry.h"
#include "kinds/validate.h"
#include "kinds/yaml_reader.h"

namespace podwright::kinds {
namespace {

class DocumentParser {
 public:
  DocumentParser(const Registry& registry, const std::string& file) : registry_(registry), file_(file) {}

  ParsedDocument Parse(const YamlDocument& document);

 private:
  const Kind* FindKind(const Node& root, Binder* binder);
  static void Header(const Node& root, Binder* binder);
  static std::string Metadata(const Node& root, v1::DesiredObject* object, Binder* binder, Place* place);
  static void Labels(const Node& node, const Path& path, v1::DesiredObject* object, Binder* binder);

  const Registry& registry_;
  const std::string& file_;
};

void DocumentParser::Header(const Node& root, Binder* binder) {
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

const Kind* DocumentParser::FindKind(const Node& root, Binder* binder) {
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

void DocumentParser::Labels(const Node& node, const Path& path, v1::DesiredObject* object, Binder* binder) {
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
std::string DocumentParser::Metadata(const Node& root, v1::DesiredObject* object, Binder* binder, Place* place) {
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

ParsedDocument DocumentParser::Parse(const YamlDocument& document) {
  ParsedDocument out;
  const Node& root = document.root;
  out.location = {file_, root.place.line, root.place.column};
  if (root.kind != Node::Kind::kMap) {
    if (!document.broken) {
      out.diagnostics.Add(
          {Severity::kError, "a document is an object with apiVersion, kind, metadata and spec", {}, out.location, {}});
    }
    return out;
  }
  Diagnostics& found = out.diagnostics;
  Binder binder(Syntax::kYaml, file_, &found);
  binder.Remember({}, root.place);
  Header(root, &binder);
  const Kind* kind = FindKind(root, &binder);
  Place name_place;
  out.name = Metadata(root, &out.object, &binder, &name_place);
  out.name_place = {file_, name_place.line, name_place.column};
  Diagnostics labels = ValidateLabels({out.object.labels().begin(), out.object.labels().end()});
  for (Diagnostic& item : labels.items()) {
    Path at = Path().Attribute("metadata").Attribute("labels");
    if (item.path.steps().size() > 1) at = at.Key(item.path.steps()[1].name);
    item.path = at;
    item.location = binder.Locate(at);
  }
  found.Append(std::move(labels));
  if (kind == nullptr) return out;
  out.kind = kind->name();

  const std::unique_ptr<google::protobuf::Message> spec = kind->NewSpec();
  Binder spec_binder(Syntax::kYaml, file_, &found);
  const Node* spec_node = root.Find("spec");
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
  out.good = !document.broken && !found.has_errors();
  if (!out.good) return out;
  for (Reference& reference : References(*kind, *spec)) {
    Location place = spec_binder.Locate(reference.path);
    out.references.push_back({std::move(reference), std::move(place)});
  }
  out.object.set_kind(out.kind);
  out.object.set_spec(EncodeSpec(*spec));
  out.object.set_schema_revision(kind->schema_revision());
  return out;
}

}  // namespace

ParsedFile ParseFile(const Registry& registry, std::string_view text, const std::string& file) {
  ParsedFile out;
  DocumentParser parser(registry, file);
  for (const YamlDocument& document : ReadYaml(text, file, &out.diagnostics)) {
    out.documents.push_back(parser.Parse(document));
  }
  return out;
}

JoinedFolder Join(const std::vector<const ParsedFile*>& files, const LoadOptions& options) {
  JoinedFolder out;
  FolderReferences references;
  for (const ParsedFile* file : files) {
    out.diagnostics.Append(file->diagnostics);
    for (const ParsedDocument& document : file->documents) {
      out.diagnostics.Append(document.diagnostics);
      bool twice = false;
      if (!document.kind.empty() && !document.name.empty()) {
        const Location first = references.Declare(document.kind, document.name, document.location);
        twice = first.known();
        if (twice) {
          out.diagnostics.Add({Severity::kError,
                               document.kind + "/" + document.name + " is declared twice; first at " + first.ToString(),
                               {},
                               document.name_place,
                               {}});
        }
      }
      if (twice || !document.good) continue;
      for (const ParsedReference& reference : document.references) {
        references.Add(document.kind, document.name, reference.reference, reference.place);
      }
      out.documents.push_back(&document);
    }
  }
  references.Check(options, &out.diagnostics);
  out.diagnostics.SortByPlace();
  return out;
}

}  // namespace podwright::kinds
