// A resource whose doings a test decides, with a schema of every kind of attribute, and one object of it. For tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/logic/plan.h"
#include "provider/sdk/logic/registry.h"

namespace podwright::sdk::logic {

inline Value Str(std::string text) {
  return Value::String(std::move(text));
}

// A resource made of functions.
struct Scripted : Resource, WithModifyPlan, WithUpgrade, WithImport, WithMove {
  Schema schema{};
  std::function<void(const CreateRequest&, CreateResponse&)> create = [](const CreateRequest&, CreateResponse&) {};
  std::function<void(const ReadRequest&, ReadResponse&)> read = [](const ReadRequest&, ReadResponse&) {};
  std::function<void(const UpdateRequest&, UpdateResponse&)> update = [](const UpdateRequest&, UpdateResponse&) {};
  std::function<void(const DeleteRequest&, DeleteResponse&)> remove = [](const DeleteRequest&, DeleteResponse&) {};
  std::function<void(const ModifyPlanRequest&, ModifyPlanResponse&)> modify = [](const ModifyPlanRequest&,
                                                                                 ModifyPlanResponse&) {};

  std::function<void(const ImportRequest&, ImportResponse&)> import = [](const ImportRequest&, ImportResponse&) {};
  std::function<void(const MoveRequest&, MoveResponse&)> move = [](const MoveRequest&, MoveResponse&) {};
  std::function<void(const UpgradeRequest&, UpgradeResponse&)> upgrade = [](const UpgradeRequest&, UpgradeResponse& r) {
    r.state.SetField("name", Str("upgraded"));
  };

  std::string TypeName() const override { return "t"; }
  Schema GetSchema() const override { return schema; }
  void Create(const CreateRequest& q, CreateResponse& r) override { create(q, r); }
  void Read(const ReadRequest& q, ReadResponse& r) override { read(q, r); }
  void Update(const UpdateRequest& q, UpdateResponse& r) override { update(q, r); }
  void Delete(const DeleteRequest& q, DeleteResponse& r) override { remove(q, r); }
  void ModifyPlan(const ModifyPlanRequest& q, ModifyPlanResponse& r) override { modify(q, r); }
  void Upgrade(const UpgradeRequest& q, UpgradeResponse& r) override { upgrade(q, r); }
  void Import(const ImportRequest& q, ImportResponse& r) override { import(q, r); }
  void Move(const MoveRequest& q, MoveResponse& r) override { move(q, r); }
};

class Logic : public ::testing::Test {
 protected:
  Logic() {
    auto resource = std::make_unique<Scripted>();
    scripted_ = resource.get();
    scripted_->schema.version = 2;
    scripted_->schema.attributes = {
        {.name = "id", .type = Type::String(), .computed = true, .use_state_for_unknown = true},
        {.name = "name", .type = Type::String(), .required = true, .requires_replace = true},
        {.name = "note", .type = Type::String(), .optional = true},
        {.name = "stamp", .type = Type::String(), .computed = true},
        {.name = "mode", .type = Type::String(), .optional = true, .computed = true, .default_value = Str("0644")},
        {.name = "size",
         .type = Type::String(),
         .optional = true,
         .semantic_equal = [](const Value& a,
                              const Value& b) { return a.StringOr("").size() == b.StringOr("").size(); }},
        {.name = "secret", .type = Type::String(), .optional = true, .sensitive = true, .write_only = true},
        {.name = "users",
         .nesting = Nesting::kMap,
         .attributes = {{.name = "role", .type = Type::String(), .optional = true},
                        {.name = "token", .type = Type::String(), .computed = true, .use_state_for_unknown = true},
                        {.name = "seen", .type = Type::String(), .computed = true},
                        {.name = "password", .type = Type::String(), .optional = true, .write_only = true}},
         .optional = true},
        {.name = "labels",
         .nesting = Nesting::kSet,
         .attributes = {{.name = "key", .type = Type::String(), .required = true},
                        {.name = "made", .type = Type::String(), .computed = true}},
         .optional = true},
    };
    entry_ = ResourceEntry::Make(std::move(resource)).value();
  }

  // A configuration: the fields given, the rest null.
  Value Config(Value::Fields fields) const {
    Diagnostics diagnostics;
    Value value = Fitted(Value::Object(std::move(fields)), entry_.type, Value::Null(), diagnostics);
    EXPECT_FALSE(diagnostics.HasError());
    return value;
  }
  static Value Users(Value::Fields user) { return Value::Map({{"app", Value::Object(std::move(user))}}); }
  static std::string Errors(const Diagnostics& diagnostics) {
    std::string text;
    for (const Diagnostic& d : diagnostics.items())
      text += d.summary + "|" + d.detail.substr(0, d.detail.find('\n')) + "\n";
    return text;
  }

  Scripted* scripted_;  // owned by entry_
  ResourceEntry entry_;
};

class LogicOfExisting : public Logic {
 protected:
  LogicOfExisting() {
    prior_ = Config({{"id", Str("1")},
                     {"name", Str("a")},
                     {"stamp", Str("s")},
                     {"mode", Str("0644")},
                     {"size", Str("ab")},
                     {"users", Users({{"role", Str("r")}, {"token", Str("t")}, {"seen", Str("n")}})},
                     {"labels", Value::Set({Value::Object({{"key", Str("k")}, {"made", Str("m")}})})}});
    config_ = Config({{"name", Str("a")},
                      {"size", Str("ab")},
                      {"users", Users({{"role", Str("r")}})},
                      {"labels", Value::Set({Value::Object({{"key", Str("k")}})})}});
  }
  // What core proposes: the prior values where nothing is configured.
  PlanOutput PlanWith(const Value& config, Value proposed) {
    return Plan(entry_, {.config = config, .prior = prior_, .proposed = std::move(proposed)});
  }

  Value prior_;
  Value config_;
};

}  // namespace podwright::sdk::logic
