#include "kinds/validate.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>

#include "kinds/canonical.h"
#include "kinds/names.h"
#include "kinds/registry.h"
#include "kinds/scalar.h"
#include "podwright/v1/object.pb.h"

namespace podwright::kinds {
namespace {

using google::protobuf::Message;

constexpr std::size_t kMaxLabels = 64;
constexpr std::size_t kMaxLabelBytes = 63;

class Validator {
 public:
  explicit Validator(const Kind& kind, std::uint32_t schema_revision) : kind_(kind), revision_(schema_revision) {}

  void Walk(const Schema& schema, const Message& message, const Path& path) {
    CheckUnknown(message, path);
    for (const Field& field : schema.fields()) {
      if (IsSet(message, field)) {
        CheckField(field, message, path.Attribute(field.name));
      } else if (field.rule.required) {
        out_.AddError("it is required", path.Attribute(field.name));
      } else if (field.cardinality != Cardinality::kSingle && field.rule.min && *field.rule.min > 0) {
        out_.AddError("it needs at least " + std::to_string(*field.rule.min), path.Attribute(field.name));
      }
    }
    for (const OneOfGroup& group : schema.groups()) CheckGroup(group, message, path);
  }

  // Only what this program does not know, at any depth.
  void WalkUnknown(const Schema& schema, const Message& message, const Path& path) {
    CheckUnknown(message, path);
    for (const Field& field : schema.fields()) {
      if (field.child == nullptr || !IsSet(message, field)) continue;
      const Path at = path.Attribute(field.name);
      if (field.cardinality == Cardinality::kSingle) {
        WalkUnknown(*field.child, message.GetReflection()->GetMessage(message, field.descriptor), at);
        continue;
      }
      for (const auto& [key, entry] : SortedEntries(message, field)) {
        WalkUnknown(*field.child, EntryMessage(*entry, field), at.Key(key));
      }
    }
  }

  Diagnostics Take() { return std::move(out_); }

 private:
  void CheckUnknown(const Message& message, const Path& path) {
    const auto& unknown = message.GetReflection()->GetUnknownFields(message);
    if (unknown.empty()) return;
    std::string text = "field number " + std::to_string(unknown.field(0).number()) + " is not known to this program";
    std::string need =
        "it knows schema revision " + std::to_string(kind_.schema_revision()) + " of the kind " + kind_.name();
    if (revision_ > kind_.schema_revision()) {
      need += "; schema revision " + std::to_string(revision_) + " is needed: use a newer release of it";
    } else {
      need += "; a newer release of it is needed";
    }
    out_.AddError(std::move(text), path, std::move(need));
  }

  void CheckField(const Field& field, const Message& message, const Path& at) {
    switch (field.cardinality) {
      case Cardinality::kSingle:
        if (field.child != nullptr) {
          Walk(*field.child, message.GetReflection()->GetMessage(message, field.descriptor), at);
        } else {
          Add(CheckScalar(field, GetScalar(message, field)), at);
        }
        break;
      case Cardinality::kList: CheckList(field, message, at); break;
      case Cardinality::kMap: CheckMap(field, message, at); break;
    }
  }

  void CheckSize(const Field& field, std::size_t size, const Path& at) {
    const auto count = static_cast<std::int64_t>(size);
    if (field.rule.min && count < *field.rule.min) {
      out_.AddError("it needs at least " + std::to_string(*field.rule.min) + "; it has " + std::to_string(count), at);
    }
    if (field.rule.max && count > *field.rule.max) {
      out_.AddError("it takes at most " + std::to_string(*field.rule.max) + "; it has " + std::to_string(count), at);
    }
  }

  void CheckList(const Field& field, const Message& message, const Path& at) {
    const int size = message.GetReflection()->FieldSize(message, field.descriptor);
    CheckSize(field, static_cast<std::size_t>(size), at);
    std::map<std::string, std::size_t> first;
    for (int i = 0; i < size; ++i) {
      const auto index = static_cast<std::size_t>(i);
      const Scalar value = GetElement(message, field, i);
      Add(CheckScalar(field, value), at, index);
      if (field.rule.references.empty()) continue;
      const auto [place, fresh] = first.emplace(std::get<std::string>(value), index);
      if (!fresh) {
        out_.AddError("`" + place->first + "` is named twice; first as element " + std::to_string(place->second),
                      at.Index(index));
      }
    }
  }

  void CheckMap(const Field& field, const Message& message, const Path& at) {
    const auto entries = SortedEntries(message, field);
    CheckSize(field, entries.size(), at);
    for (const auto& [key, entry] : entries) {
      const Path place = at.Key(key);
      Add(CheckKey(field, key), place);
      if (field.child != nullptr) {
        Walk(*field.child, EntryMessage(*entry, field), place);
      } else {
        Add(CheckScalar(field, GetMapValue(*entry, field)), place);
      }
    }
  }

  void CheckGroup(const OneOfGroup& group, const Message& message, const Path& path) {
    std::string all;
    std::vector<const Field*> set;
    for (const Field* member : group.members) {
      all += (all.empty() ? "" : ", ") + member->name;
      if (IsSet(message, *member)) set.push_back(member);
    }
    if (set.empty() && !group.optional) out_.AddError("exactly one of " + all + " must be set", path);
    if (set.size() > 1) {
      out_.AddError("only one of " + all + " may be set; " + set[0]->name + " is set, too",
                    path.Attribute(set[1]->name));
    }
  }

  void Add(Problems problems, const Path& at) {
    for (Problem& problem : problems) out_.AddError(std::move(problem.message), at, std::move(problem.suggestion));
  }
  void Add(Problems problems, const Path& at, std::size_t index) {
    if (!problems.empty()) Add(std::move(problems), at.Index(index));
  }

  const Kind& kind_;
  std::uint32_t revision_;
  Diagnostics out_;
};

bool SameValue(const Field& field, const Message& before, const Message& after) {
  if (IsSet(before, field) != IsSet(after, field)) return false;
  if (!IsSet(before, field)) return true;
  if (field.cardinality == Cardinality::kSingle && field.child == nullptr) {
    return GetScalar(before, field) == GetScalar(after, field);
  }
  // Whole lists, maps and messages: what is left of a copy when everything else is taken away.
  const auto only = [&](const Message& message) {
    std::unique_ptr<Message> copy(message.New());
    copy->CopyFrom(message);
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const auto* other = message.GetDescriptor()->field(i);
      if (other != field.descriptor) copy->GetReflection()->ClearField(copy.get(), other);
    }
    return CanonicalBytes(*copy);
  };
  return only(before) == only(after);
}

void CheckChange(const Schema& schema, const Message& before, const Message& after, const Path& path,
                 Diagnostics* out) {
  for (const Field& field : schema.fields()) {
    const Path at = path.Attribute(field.name);
    if (field.rule.immutable && !SameValue(field, before, after)) {
      out->AddError("it cannot change after the object was created", at, "delete the object and create it anew");
      continue;
    }
    if (field.child == nullptr || !IsSet(before, field) || !IsSet(after, field)) continue;
    if (field.cardinality == Cardinality::kSingle) {
      CheckChange(*field.child, before.GetReflection()->GetMessage(before, field.descriptor),
                  after.GetReflection()->GetMessage(after, field.descriptor), at, out);
      continue;
    }
    std::map<std::string, const Message*> old;
    for (const auto& [key, entry] : SortedEntries(before, field)) old[key] = entry;
    for (const auto& [key, entry] : SortedEntries(after, field)) {
      const auto found = old.find(key);
      if (found == old.end()) continue;
      CheckChange(*field.child, EntryMessage(*found->second, field), EntryMessage(*entry, field), at.Key(key), out);
    }
  }
}

bool IsLabelKey(std::string_view key) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto inner = [&](char c) { return plain(c) || c == '.' || c == '_' || c == '/' || c == '-'; };
  return !key.empty() && key.size() <= kMaxLabelBytes && plain(key.front()) && plain(key.back()) &&
         std::all_of(key.begin(), key.end(), inner);
}

bool IsLabelValue(std::string_view value) {
  const auto ok = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return value.size() <= kMaxLabelBytes && std::all_of(value.begin(), value.end(), ok);
}

}  // namespace

Diagnostics Validate(const Kind& kind, const Message& spec, std::uint32_t schema_revision) {
  Validator validator(kind, schema_revision);
  validator.Walk(kind.schema(), spec, Path());
  Diagnostics out = validator.Take();
  if (kind.cross_field_rules() != nullptr) kind.cross_field_rules()(spec, &out);
  return out;
}

Diagnostics ValidateChange(const Kind& kind, const Message& before, const Message& after) {
  Diagnostics out;
  CheckChange(kind.schema(), before, after, Path(), &out);
  return out;
}

bool IsValidName(std::string_view name) {
  const auto ok = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= 63 && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), ok);
}

Diagnostics ValidateName(std::string_view name) {
  Diagnostics out;
  if (!IsValidName(name)) {
    out.AddError("the name does not match ^[a-z][a-z0-9-]{0,62}$", Path().Attribute("name"),
                 "lower-case letters, digits and hyphens, a letter first, at most 63");
  }
  return out;
}

Diagnostics ValidateLabels(const std::map<std::string, std::string>& labels) {
  Diagnostics out;
  const Path path = Path().Attribute("labels");
  if (labels.size() > kMaxLabels) out.AddError("an object takes at most 64 labels", path);
  for (const auto& [key, value] : labels) {
    if (!IsLabelKey(key)) {
      out.AddError("a label's key is 1 to 63 of a-z, 0-9, `.`, `_`, `/`, `-`, with a letter or digit at both ends",
                   path.Key(key));
    }
    if (!IsLabelValue(value)) {
      out.AddError("a label's value is at most 63 of A-Z, a-z, 0-9, `.`, `_`, `-`", path.Key(key));
    }
  }
  return out;
}

Result<std::unique_ptr<Message>> DecodeSpec(const Kind& kind, std::string_view bytes, std::uint32_t schema_revision) {
  std::unique_ptr<Message> spec = kind.NewSpec();
  if (bytes.size() > (64U << 20U) || !spec->ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return InvalidArgument("the spec is no encoded " + kind.yaml_name() + " spec, or holds text that is not UTF-8");
  }
  Validator validator(kind, schema_revision);
  validator.WalkUnknown(kind.schema(), *spec, Path());
  PW_TRY(validator.Take().ToStatus());
  return spec;
}

std::string EncodeSpec(const Message& spec) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    spec.SerializePartialToCodedStream(&coded);
  }
  return bytes;
}

Diagnostics ValidateObject(const Registry& registry, const v1::DesiredObject& object) {
  Diagnostics out;
  const Kind* kind = registry.Find(object.kind());
  if (kind == nullptr) {
    std::vector<std::string> names;
    for (const Kind* known : registry.All()) names.push_back(known->name());
    const std::string near = Nearest(object.kind(), names);
    out.AddError("the kind is not known to this program", Path().Attribute("kind"),
                 near.empty() ? "a newer release of it may know it" : "did you mean `" + near + "`?");
    return out;
  }
  out.Append(ValidateName(object.name()));
  out.Append(ValidateLabels({object.labels().begin(), object.labels().end()}));
  std::unique_ptr<Message> spec = kind->NewSpec();
  if (!spec->ParsePartialFromString(object.spec())) {
    out.AddError("the spec is no encoded " + kind->yaml_name() + " spec, or holds text that is not UTF-8");
    return out;
  }
  out.Append(Validate(*kind, *spec, object.schema_revision()));
  return out;
}

}  // namespace podwright::kinds
