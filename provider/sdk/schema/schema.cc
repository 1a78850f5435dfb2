#include "provider/sdk/schema/schema.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "provider/sdk/schema/names.h"
#include "provider/sdk/value/json.h"

namespace podwright::sdk {
namespace {

constexpr std::array kResourceMeta = {"connection", "count",    "depends_on", "for_each",
                                      "lifecycle",  "provider", "provisioner"};
constexpr std::array kProviderMeta = {"alias", "version"};

Type ObjectType(const std::vector<Attribute>& attributes) {
  Type::Attributes types;
  for (const Attribute& attribute : attributes) types.emplace(attribute.name, attribute.ImpliedType());
  return Type::Object(std::move(types));
}

class Checker {
 public:
  // What an object lies in.
  struct Context {
    bool in_set = false;
    bool in_collection = false;  // of blocks
    bool in_nested = false;      // in a nested attribute, which holds no blocks
  };

  void Attributes(const std::vector<Attribute>& attributes, const std::string& place, Context context) {
    std::set<std::string_view> names;
    for (const Attribute& attribute : attributes) {
      const std::string here = place.empty() ? attribute.name : place + "." + attribute.name;
      if (!IsName(attribute.name)) Fault(here, kNameRule);
      if (!names.insert(attribute.name).second) Fault(here, "is there twice");
      if (attribute.block) {
        Block(attribute, here, context);
      } else {
        One(attribute, here, context);
      }
    }
  }
  void Fault(const std::string& place, const std::string& what) {
    faults_ += (faults_.empty() ? "" : "; ") + place + ": " + what;
  }
  const std::string& faults() const { return faults_; }

 private:
  void Block(const Attribute& a, const std::string& here, Context context) {
    if (context.in_nested) Fault(here, "no blocks inside nested attributes");
    if (a.nesting == Nesting::kNone) Fault(here, "a block needs its nesting");
    if (a.required || a.optional || a.computed) {
      Fault(here, "a block is neither required, optional nor computed: use min_items and max_items");
    }
    if (a.sensitive || a.write_only) Fault(here, "a block is neither sensitive nor write-only: its attributes may be");
    if (a.default_value || a.use_state_for_unknown) Fault(here, "a block has no default and no unknown value");
    if (a.semantic_equal || a.element_semantic_equal) {
      Fault(here, "a block has no semantic equality: its attributes may have one");
    }
    if (a.type.kind() != Type::Kind::kDynamic) Fault(here, "has both a type and nested attributes");
    const bool counted = a.nesting == Nesting::kList || a.nesting == Nesting::kSet;
    if (a.min_items < 0 || a.max_items < 0) Fault(here, "min_items and max_items must not be negative");
    if (counted && a.max_items != 0 && a.min_items > a.max_items) Fault(here, "min_items is above max_items");
    if (a.nesting == Nesting::kSingle && (a.min_items > 1 || a.max_items > 1)) {
      Fault(here, "a single block has at most one item");
    }
    if (!counted && a.nesting != Nesting::kSingle && (a.min_items != 0 || a.max_items != 0)) {
      Fault(here, "min_items and max_items are for lists, sets and single blocks");
    }
    context.in_set = context.in_set || a.nesting == Nesting::kSet;
    context.in_collection = context.in_collection || counted || a.nesting == Nesting::kMap;
    Attributes(a.attributes, here, context);
  }

  void One(const Attribute& a, const std::string& here, Context context) {
    const bool in_set = context.in_set;
    if (a.min_items != 0 || a.max_items != 0) Fault(here, "min_items and max_items are for blocks");
    if (a.nesting == Nesting::kGroup) Fault(here, "only blocks are groups");
    if (!a.required && !a.optional && !a.computed) Fault(here, "must be required, optional or computed");
    if (a.required && (a.optional || a.computed)) Fault(here, "required excludes optional and computed");
    if (a.write_only && a.computed) Fault(here, "write-only excludes computed");
    if (a.write_only && in_set) Fault(here, "no write-only attributes inside sets");
    if (a.default_value && !(a.optional && a.computed)) Fault(here, "a default needs optional and computed");
    if (a.default_value &&
        !Conform(*a.default_value, a.ImpliedType(), ExtraAttributes::kRefuse, MissingAttributes::kNull).ok()) {
      Fault(here, "its default is not of its type");
    }
    if (a.use_state_for_unknown && !a.computed) Fault(here, "use_state_for_unknown needs computed");
    if (a.nesting == Nesting::kNone) {
      if (!a.attributes.empty()) Fault(here, "has attributes but no nesting");
      const bool set = a.type.kind() == Type::Kind::kSet;
      if ((in_set || set) && a.type.HasDynamic()) Fault(here, "no dynamic types inside sets");
      if (!in_set && context.in_collection && a.type.HasDynamic())
        Fault(here, "no dynamic types inside repeated blocks");
      if (a.element_semantic_equal && !a.type.is_collection()) {
        Fault(here, "element_semantic_equal is for lists, sets and maps");
      }
      return;
    }
    if (a.type.kind() != Type::Kind::kDynamic) Fault(here, "has both a type and nested attributes");
    if (a.semantic_equal || a.element_semantic_equal) {
      Fault(here, "nested attributes have semantic equalities of their own");
    }
    context.in_set = in_set || a.nesting == Nesting::kSet;
    context.in_nested = true;
    Attributes(a.attributes, here, context);
  }

  std::string faults_;
};

}  // namespace

Type Attribute::ImpliedType() const {
  switch (nesting) {
    case Nesting::kNone: return type;
    case Nesting::kSingle:
    case Nesting::kGroup: return ObjectType(attributes);
    case Nesting::kList: return Type::List(ObjectType(attributes));
    case Nesting::kSet: return Type::Set(ObjectType(attributes));
    case Nesting::kMap: return Type::Map(ObjectType(attributes));
  }
  return type;
}

const Attribute* Schema::Find(std::string_view name) const {
  const auto found =
      std::find_if(attributes.begin(), attributes.end(), [&](const Attribute& a) { return a.name == name; });
  return found == attributes.end() ? nullptr : &*found;
}

Type Schema::ImpliedType() const {
  return ObjectType(attributes);
}

Status Schema::Check(Of of) const {
  Checker checker;
  checker.Attributes(attributes, "", {});
  if (version < 0) checker.Fault("version", "must not be negative");
  const auto reserved = [&](const auto& names) {
    for (const std::string_view name : names) {
      if (Find(name) != nullptr) checker.Fault(std::string(name), "is a word of Terraform's own");
    }
  };
  if (of == Of::kProvider) {
    reserved(kProviderMeta);
  } else {
    reserved(kResourceMeta);
  }
  for (const Attribute& attribute : attributes) {
    if (of == Of::kProvider && (attribute.computed || attribute.write_only)) {
      checker.Fault(attribute.name, "a provider's settings are neither computed nor write-only");
    }
    if (of == Of::kDataSource && attribute.write_only) {
      checker.Fault(attribute.name, "data sources have no write-only attributes");
    }
    if (of == Of::kEphemeral && attribute.write_only) {
      checker.Fault(attribute.name, "ephemeral resources have no write-only attributes: nothing of them is kept");
    }
  }
  if (!checker.faults().empty()) return InvalidArgument(checker.faults());
  return Ok();
}

}  // namespace podwright::sdk
