#include "kinds/registry.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>

#include <utility>

#include "kinds/diagnostic.h"
#include "kinds/names.h"
#include "kinds/schema_lint.h"
#include "podwright/v1/options.pb.h"

namespace podwright::kinds {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

std::unique_ptr<Message> NewMessage(const Descriptor* descriptor) {
  if (descriptor->file()->pool() == DescriptorPool::generated_pool()) {
    return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
  }
  // Never deleted: prototypes must outlive every message made from them.
  static auto* const factory = new google::protobuf::DynamicMessageFactory;
  return std::unique_ptr<Message>(factory->GetPrototype(descriptor)->New());
}

Result<std::unique_ptr<const Schema>> PartSchema(const Descriptor& kind, const std::string& part, int number) {
  const FieldDescriptor* field = kind.FindFieldByName(part);
  if (field == nullptr || field->number() != number || field->is_repeated() ||
      field->type() != FieldDescriptor::TYPE_MESSAGE) {
    return InvalidArgument(kind.full_name() + ": a kind has the message field " + part + " = " +
                           std::to_string(number));
  }
  return Schema::FromDescriptor(field->message_type());
}

}  // namespace

Kind::~Kind() = default;

Result<std::unique_ptr<const Kind>> Kind::FromDeclaration(const KindDeclaration& declaration) {
  const Descriptor& descriptor = *declaration.descriptor;
  std::unique_ptr<Kind> kind(new Kind);
  const v1::KindRule& option = descriptor.options().GetExtension(v1::kind);
  kind->yaml_name_ = descriptor.name();
  kind->name_ = SnakeCase(descriptor.name());
  kind->plural_ = option.plural();
  kind->short_names_.assign(option.short_names().begin(), option.short_names().end());
  kind->doc_ = option.doc();
  kind->schema_revision_ = option.schema_revision();
  kind->defaults_revision_ = option.defaults_revision();
  kind->has_driver_ = option.has_driver();
  kind->rules_ = declaration.rules;
  PW_ASSIGN(kind->schema_, PartSchema(descriptor, "spec", 1));
  PW_ASSIGN(kind->observed_schema_, PartSchema(descriptor, "observed", 2));
  PW_ASSIGN(kind->status_schema_, PartSchema(descriptor, "status", 3));
  return std::unique_ptr<const Kind>(std::move(kind));
}

std::unique_ptr<Message> Kind::NewSpec() const {
  return NewMessage(spec());
}
std::unique_ptr<Message> Kind::NewObserved() const {
  return NewMessage(observed());
}
std::unique_ptr<Message> Kind::NewStatus() const {
  return NewMessage(status());
}

Registry::Registry() = default;
Registry::~Registry() = default;
Registry::Registry(Registry&&) noexcept = default;
Registry& Registry::operator=(Registry&&) noexcept = default;

Result<Registry> Registry::FromDescriptors(const std::vector<const Descriptor*>& descriptors) {
  std::vector<KindDeclaration> declarations;
  for (const Descriptor* descriptor : descriptors) declarations.push_back({descriptor, nullptr, std::nullopt});
  PW_ASSIGN(Registry registry, FromDeclarations(declarations));
  PW_TRY(registry.Lint());
  return registry;
}

Result<Registry> Registry::FromDeclarations(const std::vector<KindDeclaration>& declarations) {
  Registry registry;
  Diagnostics findings;
  for (const KindDeclaration& declaration : declarations) {
    auto made = Kind::FromDeclaration(declaration);
    if (!made.ok()) {
      findings.AddError(made.error().ToString());
      continue;
    }
    std::unique_ptr<const Kind> kind = std::move(made).value();
    const std::string name = kind->name();
    if (declaration.listed_with_driver.value_or(kind->has_driver()) != kind->has_driver()) {
      findings.AddError("the kind " + name + " and its line in the list of kinds differ in has_driver");
    }
    if (!registry.kinds_.emplace(name, std::move(kind)).second) {
      findings.AddError("the kind " + name + " is registered twice");
    }
  }
  PW_TRY(findings.ToStatus());
  return registry;
}

Status Registry::Lint() const {
  const std::vector<const Kind*> all = All();
  Diagnostics findings;
  for (const Kind* kind : all) findings.Append(LintKind(*kind));
  findings.Append(LintKinds(all));
  return findings.ToStatus();
}

const Kind* Registry::Find(std::string_view name) const {
  const auto found = kinds_.find(name);
  return found == kinds_.end() ? nullptr : found->second.get();
}

const Kind* Registry::FindByYamlName(std::string_view name) const {
  for (const auto& [key, kind] : kinds_) {
    if (kind->yaml_name() == name) return kind.get();
  }
  return nullptr;
}

const Kind* Registry::FindByAnyName(std::string_view name) const {
  if (const Kind* kind = Find(name)) return kind;
  for (const auto& [key, kind] : kinds_) {
    if (kind->yaml_name() == name || kind->plural() == name) return kind.get();
    for (const std::string& short_name : kind->short_names()) {
      if (short_name == name) return kind.get();
    }
  }
  return nullptr;
}

std::vector<const Kind*> Registry::All() const {
  std::vector<const Kind*> all;
  for (const auto& [name, kind] : kinds_) all.push_back(kind.get());
  return all;
}

}  // namespace podwright::kinds
