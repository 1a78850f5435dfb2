#include "kinds/binder.h"

#include <google/protobuf/message.h>

#include <set>
#include <utility>

#include "kinds/names.h"
#include "kinds/scalar.h"
#include "kinds/schema.h"

namespace podwright::kinds {
namespace {

// What a scalar field wants, for people.
std::string Wanted(const Field& field) {
  switch (field.type) {
    case FieldType::kBool: return "true or false";
    case FieldType::kInt64:
      if (field.rule.format == Format::kDuration) return "a duration (30s)";
      if (field.rule.format == Format::kSize) return "a size (2GiB)";
      return "an integer";
    case FieldType::kDouble: return "a number";
    case FieldType::kMessage: return "an object";
    default: return "text";
  }
}

// Types that are written without quotes.
bool IsLiteral(const Field& field) {
  return field.type == FieldType::kBool || field.type == FieldType::kDouble ||
         (field.type == FieldType::kInt64 && field.rule.format == Format::kNone);
}

}  // namespace

std::string Describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull: return "null";
    case Node::Kind::kSequence: return "a list";
    case Node::Kind::kMap: return "an object";
    case Node::Kind::kScalar: break;
  }
  constexpr std::size_t kLongest = 40;
  if (node.text.size() > kLongest || node.text.find('\n') != std::string::npos) return "a text";
  return node.style == Node::Style::kQuoted ? "\"" + node.text + "\"" : "`" + node.text + "`";
}

void Binder::Error(Place place, const Path& path, std::string message, std::string suggestion) {
  if (too_many()) return;
  if (++errors_ > kMostErrors) {
    message = "there are further errors in this document; they are not shown";
    suggestion.clear();
  }
  out_.Add({Severity::kError, std::move(message), std::move(suggestion), {file_, place.line, place.column}, path});
}

Location Binder::Locate(const Path& path) const {
  // Without its last steps, until something is known: what is missing is shown where it should be.
  for (std::size_t count = path.steps().size() + 1; count-- > 0;) {
    Path shorter;
    for (std::size_t i = 0; i < count; ++i) {
      const Path::Step& step = path.steps()[i];
      shorter = step.kind == Path::StepKind::kAttribute ? shorter.Attribute(step.name)
                : step.kind == Path::StepKind::kKey     ? shorter.Key(step.name)
                                                        : shorter.Index(step.index);
    }
    const auto found = places_.find(shorter.ToString());
    if (found != places_.end()) return {file_, found->second.line, found->second.column};
  }
  return {file_, 0, 0};
}

void Binder::Bind(const Schema& schema, const Node& node, google::protobuf::Message* message, const Path& path) {
  std::set<const Field*> bound;
  for (const Node& child : node.children) {
    if (too_many()) return;
    const Field* field = schema.Find(child.key);
    if (field == nullptr) {
      field = schema.FindByFormerName(child.key);
      if (field != nullptr) {
        out_.Add({Severity::kWarning,
                  "`" + child.key + "` is now called `" + field->name + "`",
                  "write " + field->name,
                  {file_, child.key_place.line, child.key_place.column},
                  path});
      }
    }
    if (field == nullptr) {
      const std::string near = Nearest(child.key, schema.Names());
      std::string all;
      for (const std::string& name : schema.Names()) all += (all.empty() ? "" : ", ") + name;
      Error(child.key_place, path, "unknown field `" + child.key + "`",
            near.empty() ? (all.empty() ? "there are no fields here" : "the fields here are " + all)
                         : "did you mean `" + near + "`?");
      continue;
    }
    const Path at = path.Attribute(field->name);
    if (!bound.insert(field).second) {
      Error(child.key_place, at, "it is set twice, under its present and a former name");
      continue;
    }
    BindField(*field, child, message, at);
  }
}

void Binder::BindField(const Field& field, const Node& node, google::protobuf::Message* message, const Path& path) {
  if (node.kind == Node::Kind::kNull) return;
  Remember(path, node.place);
  if (field.rule.write_only && syntax_ == Syntax::kYaml) {
    Error(node.key_place, path, "a secret value does not belong into a file",
          "leave it out: let a `generator` make it, set it with `podwright secret set`, or seal it with `podwright "
          "secret "
          "seal`");
    return;
  }
  if (field.cardinality == Cardinality::kList) {
    BindList(field, node, message, path);
  } else if (field.cardinality == Cardinality::kMap) {
    BindMap(field, node, message, path);
  } else if (field.child != nullptr) {
    if (node.kind != Node::Kind::kMap) {
      Error(node.place, path, "expected an object, found " + Describe(node));
      return;
    }
    Bind(*field.child, node, message->GetReflection()->MutableMessage(message, field.descriptor), path);
  } else if (CheckScalarNode(field, node, path)) {
    SetScalar(message, field, ParseScalar(field, node.text).value());
  }
}

void Binder::BindList(const Field& field, const Node& node, google::protobuf::Message* message, const Path& path) {
  if (node.kind != Node::Kind::kSequence) {
    Error(node.place, path, "expected a list, found " + Describe(node),
          node.kind == Node::Kind::kScalar ? "write [" + (node.text.size() < 40 ? node.text : "…") + "]" : "");
    return;
  }
  std::size_t index = 0;
  for (const Node& child : node.children) {
    const Path at = path.Index(index++);
    Remember(at, child.place);
    if (CheckScalarNode(field, child, at)) AddElement(message, field, ParseScalar(field, child.text).value());
  }
}

void Binder::BindMap(const Field& field, const Node& node, google::protobuf::Message* message, const Path& path) {
  if (node.kind != Node::Kind::kMap) {
    Error(node.place, path, "expected names with values, found " + Describe(node));
    return;
  }
  for (const Node& child : node.children) {
    const Path at = path.Key(child.key);
    Remember(at, child.key_place);
    if (field.child != nullptr) {
      if (child.kind == Node::Kind::kNull) {
        Error(child.key_place, at, "the entry has no value", "write {} for one without settings, or take it out");
      } else if (child.kind != Node::Kind::kMap) {
        Error(child.place, at, "expected an object, found " + Describe(child));
      } else {
        Bind(*field.child, child, AddMapEntry(message, field, child.key, nullptr), at);
      }
    } else if (CheckScalarNode(field, child, at)) {
      const Scalar value = ParseScalar(field, child.text).value();
      AddMapEntry(message, field, child.key, &value);
    }
  }
}

bool Binder::CheckScalarNode(const Field& field, const Node& node, const Path& path) {
  const Place place = node.place;
  if (node.kind != Node::Kind::kScalar) {
    Error(place, path, "expected " + Wanted(field) + ", found " + Describe(node));
    return false;
  }
  if (IsLiteral(field) && node.style == Node::Style::kQuoted) {
    Error(place, path, "expected " + Wanted(field) + ", found a text in quotes", "take the quotes away");
    return false;
  }
  if (!IsLiteral(field) && syntax_ == Syntax::kJson && node.style == Node::Style::kPlain) {
    Error(place, path, "expected " + Wanted(field) + ", found " + Describe(node), "put it in quotes");
    return false;
  }
  const auto parsed = ParseScalar(field, node.text);
  if (parsed.ok()) return true;
  std::string suggestion;
  if (field.type == FieldType::kEnum) {
    std::vector<std::string> texts;
    for (const EnumValue& value : field.enum_values) texts.push_back(value.text);
    const std::string near = Nearest(node.text, texts);
    if (!near.empty()) suggestion = "did you mean `" + near + "`?";
  }
  Error(place, path, parsed.error().message() + "; found " + Describe(node), std::move(suggestion));
  return false;
}

}  // namespace podwright::kinds
