// The kinds: what each is called, its schemas, and new messages of it. Constant after construction;
// any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "kinds/schema.h"

namespace google::protobuf {
class Message;
}

namespace podwright::kinds {

class Diagnostics;

// Rules of a kind that no option can say, because they look at several fields. `spec` is of the kind's Spec.
using CrossFieldRules = void (*)(const google::protobuf::Message& spec, Diagnostics* out);

struct KindDeclaration {
  const google::protobuf::Descriptor* descriptor = nullptr;  // of the message with spec, observed and status
  CrossFieldRules rules = nullptr;
  std::optional<bool> listed_with_driver;  // what the list of kinds says; the lint compares
};

class Kind {
 public:
  ~Kind();
  Kind(const Kind&) = delete;
  Kind& operator=(const Kind&) = delete;

  const std::string& name() const { return name_; }            // "load_balancer"
  const std::string& yaml_name() const { return yaml_name_; }  // "LoadBalancer"
  const std::string& plural() const { return plural_; }        // "load_balancers"
  const std::vector<std::string>& short_names() const { return short_names_; }
  const std::string& doc() const { return doc_; }
  std::uint32_t schema_revision() const { return schema_revision_; }
  std::uint32_t defaults_revision() const { return defaults_revision_; }
  bool has_driver() const { return has_driver_; }

  const google::protobuf::Descriptor* spec() const { return schema_->descriptor(); }
  const google::protobuf::Descriptor* observed() const { return observed_schema_->descriptor(); }
  const google::protobuf::Descriptor* status() const { return status_schema_->descriptor(); }
  const Schema& schema() const { return *schema_; }
  const Schema& observed_schema() const { return *observed_schema_; }
  const Schema& status_schema() const { return *status_schema_; }

  // Empty messages, of the generated class where there is one.
  std::unique_ptr<google::protobuf::Message> NewSpec() const;
  std::unique_ptr<google::protobuf::Message> NewObserved() const;
  std::unique_ptr<google::protobuf::Message> NewStatus() const;

  CrossFieldRules cross_field_rules() const { return rules_; }

 private:
  Kind() = default;
  friend class Registry;
  static Result<std::unique_ptr<const Kind>> FromDeclaration(const KindDeclaration& declaration);

  std::string name_;
  std::string yaml_name_;
  std::string plural_;
  std::vector<std::string> short_names_;
  std::string doc_;
  std::uint32_t schema_revision_ = 0;
  std::uint32_t defaults_revision_ = 0;
  bool has_driver_ = false;
  std::unique_ptr<const Schema> schema_;
  std::unique_ptr<const Schema> observed_schema_;
  std::unique_ptr<const Schema> status_schema_;
  CrossFieldRules rules_ = nullptr;
};

class Registry {
 public:
  // Kinds that come while the program runs: linted, the findings are the error.
  static Result<Registry> FromDescriptors(const std::vector<const google::protobuf::Descriptor*>& descriptors);
  // Kinds that the program was built with: a unit test lints those, so that no start pays for it.
  static Result<Registry> FromDeclarations(const std::vector<KindDeclaration>& declarations);

  // What kinds/schema_lint.h finds, as an error.
  Status Lint() const;
  ~Registry();
  Registry(Registry&&) noexcept;
  Registry& operator=(Registry&&) noexcept;

  // Null when there is none. Pointers live as long as the registry, also after it was moved.
  const Kind* Find(std::string_view name) const;            // "load_balancer"
  const Kind* FindByYamlName(std::string_view name) const;  // "LoadBalancer"
  // By name, plural, YAML name or short name, as people type it.
  const Kind* FindByAnyName(std::string_view name) const;
  std::vector<const Kind*> All() const;  // by name

 private:
  Registry();
  std::map<std::string, std::unique_ptr<const Kind>, std::less<>> kinds_;
};

// The kinds of kinds/kinds.list. Made at the first call; a list that does not pass the lint ends the program.
const Registry& AllKinds();

}  // namespace podwright::kinds
