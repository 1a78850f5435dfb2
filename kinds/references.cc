#include "kinds/references.h"

#include <google/protobuf/message.h>

#include "kinds/registry.h"
#include "kinds/scalar.h"

namespace podwright::kinds {
namespace {

using google::protobuf::Message;

class Collector {
 public:
  void Walk(const Schema& schema, const Message& message, const Path& path) {
    for (const Field& field : schema.fields()) {
      const bool own = !field.rule.references.empty() || !field.rule.key_references.empty();
      const bool inside = field.child != nullptr && field.child->has_references();
      if ((!own && !inside) || !IsSet(message, field)) continue;
      const Path at = path.Attribute(field.name);
      switch (field.cardinality) {
        case Cardinality::kSingle: Single(field, message, at); break;
        case Cardinality::kList: List(field, message, at); break;
        case Cardinality::kMap: Map(field, message, at); break;
      }
    }
  }

  std::vector<Reference> Take() { return std::move(out_); }

 private:
  void Single(const Field& field, const Message& message, const Path& at) {
    if (field.child != nullptr) {
      Walk(*field.child, message.GetReflection()->GetMessage(message, field.descriptor), at);
    } else {
      Add(field.rule.references, std::get<std::string>(GetScalar(message, field)), at);
    }
  }

  void List(const Field& field, const Message& message, const Path& at) {
    const auto& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, field.descriptor);
    std::string scratch;
    for (int i = 0; i < size; ++i) {
      Add(field.rule.references, reflection.GetRepeatedStringReference(message, field.descriptor, i, &scratch),
          at.Index(static_cast<std::size_t>(i)));
    }
  }

  void Map(const Field& field, const Message& message, const Path& at) {
    for (const auto& [key, entry] : SortedEntries(message, field)) {
      const Path place = at.Key(key);
      if (!field.rule.key_references.empty()) Add(field.rule.key_references, key, place);
      if (field.child != nullptr) {
        Walk(*field.child, EntryMessage(*entry, field), place);
      } else if (!field.rule.references.empty()) {
        Add(field.rule.references, std::get<std::string>(GetMapValue(*entry, field)), place);
      }
    }
  }

  void Add(const std::vector<std::string>& kinds, const std::string& text, Path at) {
    if (kinds.size() == 1) {
      out_.push_back({kinds[0], text, std::move(at)});
      return;
    }
    std::string kind;
    std::string name;
    if (SplitReference(text, &kind, &name)) out_.push_back({std::move(kind), std::move(name), std::move(at)});
  }

  std::vector<Reference> out_;
};

}  // namespace

std::vector<Reference> References(const Kind& kind, const Message& spec) {
  if (!kind.schema().has_references()) return {};
  Collector collector;
  collector.Walk(kind.schema(), spec, Path());
  return collector.Take();
}

}  // namespace podwright::kinds
