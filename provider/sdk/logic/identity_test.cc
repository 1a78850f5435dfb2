// Identities and moves of a resource whose doings the test decides.
#include "provider/sdk/logic/identity.h"

#include <gtest/gtest.h>

#include <functional>

#include "provider/sdk/logic/move.h"

namespace podwright::sdk::logic {
namespace {

Value Str(std::string text) {
  return Value::String(std::move(text));
}

Value Object(Value name, Value id) {
  return Value::Object({{"name", std::move(name)}, {"id", std::move(id)}});
}

struct Scripted : Resource, WithIdentity, WithMove {
  std::function<Value(const Value&)> identity = [](const Value& state) { return state; };
  bool may_change = false;
  IdentitySchema identity_schema{
      .version = 1,
      .attributes = {{.name = "name", .required_for_import = true}, {.name = "id", .optional_for_import = true}}};

  std::string TypeName() const override { return "t"; }
  Schema GetSchema() const override {
    return {.attributes = {{.name = "name", .type = Type::String(), .required = true},
                           {.name = "id", .type = Type::String(), .computed = true}}};
  }
  void Create(const CreateRequest&, CreateResponse&) override {}
  void Read(const ReadRequest&, ReadResponse&) override {}
  void Update(const UpdateRequest&, UpdateResponse&) override {}
  void Delete(const DeleteRequest&, DeleteResponse&) override {}
  IdentitySchema GetIdentitySchema() const override { return identity_schema; }
  Value IdentityOf(const Value& state) const override { return identity(state); }
  bool IdentityMayChange() const override { return may_change; }
  void Move(const MoveRequest& request, MoveResponse& response) override {
    if (request.type_name == "old") response.state = Value::Object({{"name", request.state.Get("title")}});
  }
};

class Identity : public ::testing::Test {
 protected:
  Identity() {
    auto resource = std::make_unique<Scripted>();
    scripted_ = resource.get();
    entry_ = ResourceEntry::Make(std::move(resource)).value();
  }
  std::string Summaries() {
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics_.items()) text += diagnostic.summary + ";";
    return text;
  }

  Scripted* scripted_;  // owned by entry_
  ResourceEntry entry_;
  Diagnostics diagnostics_;
  const Value made_ = Object(Str("a"), Str("1"));
};

TEST_F(Identity, OfACreateIsKnownAsFarAsThePlanIs) {
  const Value planned = Object(Str("a"), Value::Unknown());
  EXPECT_EQ(PlannedIdentity(entry_, {.planned = planned}, diagnostics_), planned);
  EXPECT_TRUE(diagnostics_.empty());
}

TEST_F(Identity, OfAnUpdateStaysWhatItWas) {
  const Value planned = Object(Str("a"), Value::Unknown());
  EXPECT_EQ(PlannedIdentity(entry_, {.prior_identity = made_, .prior = made_, .planned = planned}, diagnostics_),
            made_);
  EXPECT_TRUE(diagnostics_.empty());
  PlannedIdentity(entry_, {.prior_identity = made_, .prior = made_, .planned = Object(Str("b"), Str("1"))},
                  diagnostics_);
  EXPECT_EQ(Summaries(), "Unexpected identity change;");
}

TEST_F(Identity, ChangesOnlyWithTheObjectOrWhereItMay) {
  const Value other = Object(Str("b"), Str("1"));
  PlannedIdentity(entry_, {.prior_identity = made_, .prior = made_, .planned = other, .replaces = true}, diagnostics_);
  scripted_->may_change = true;
  EXPECT_EQ(AppliedIdentity(entry_, made_, other, other, diagnostics_), other);
  EXPECT_EQ(ReadIdentity(entry_, made_, other, diagnostics_), other);
  EXPECT_EQ(Summaries(), "");
  scripted_->may_change = false;
  ReadIdentity(entry_, made_, other, diagnostics_);
  EXPECT_EQ(Summaries(), "Unexpected identity change;");
}

TEST_F(Identity, OfADestroyIsTheOneThatGoes) {
  EXPECT_EQ(PlannedIdentity(entry_, {.prior_identity = made_, .prior = made_}, diagnostics_), made_);
  EXPECT_EQ(PlannedIdentity(entry_, {.prior = made_}, diagnostics_), made_);
  EXPECT_TRUE(AppliedIdentity(entry_, made_, Value::Null(), Value::Null(), diagnostics_).is_null());
}

TEST_F(Identity, OfAFailedCreateIsCompletedFromThePlan) {
  diagnostics_.AddError("the create failed", "");
  const Value partial = AppliedIdentity(entry_, Object(Str("a"), Value::Unknown()), Value::Null(),
                                        Object(Value::Null(), Value::Null()), diagnostics_);
  EXPECT_EQ(partial, Object(Str("a"), Value::Null()));
  EXPECT_EQ(Summaries(), "the create failed;");
}

TEST_F(Identity, IsComparedWithThePlanWhereTheClientKnowsNoIdentities) {
  AppliedIdentity(entry_, Value::Null(), Object(Str("a"), Value::Unknown()), made_, diagnostics_);
  EXPECT_EQ(Summaries(), "");
  scripted_->identity = [](const Value& state) {
    return Object(Str(state.Get("id").is_unknown() ? "a" : "b"), state.Get("id"));
  };
  AppliedIdentity(entry_, Value::Null(), Object(Str("a"), Value::Unknown()), made_, diagnostics_);
  EXPECT_EQ(Summaries(), "Unexpected identity change;");
}

TEST_F(Identity, FaultsOfTheAuthorAreNamed) {
  scripted_->identity = [](const Value&) { return Value::Object({{"name", Value::List({})}}); };
  ReadIdentity(entry_, Value::Null(), made_, diagnostics_);
  EXPECT_EQ(Summaries(), "Provider produced invalid identity;");
  diagnostics_ = {};
  scripted_->identity = [](const Value&) { return Object(Str("a"), Value::Unknown()); };
  AppliedIdentity(entry_, Value::Null(), Value::Null(), made_, diagnostics_);
  EXPECT_EQ(Summaries(), "Provider produced invalid identity;");
  diagnostics_ = {};
  scripted_->identity = [](const Value&) { return Value::Null(); };
  AppliedIdentity(entry_, Value::Null(), Value::Null(), made_, diagnostics_);
  EXPECT_EQ(Summaries(), "Provider produced invalid identity;");
}

TEST_F(Identity, ImportNeedsWhatIsRequiredAndReturnsWhatWasAskedFor) {
  CheckImportIdentity(entry_, Object(Value::Null(), Str("1")), diagnostics_);
  EXPECT_EQ(Summaries(), "The identity is not complete;");
  diagnostics_ = {};
  const Value requested = Object(Str("a"), Str("1"));
  EXPECT_EQ(ImportedIdentity(entry_, requested, Object(Str("a"), Value::Null()), diagnostics_), requested);
  EXPECT_TRUE(ImportedIdentity(entry_, Value::Null(), Object(Value::Null(), Str("1")), diagnostics_).is_null());
  EXPECT_TRUE(diagnostics_.empty());
  ImportedIdentity(entry_, requested, Object(Str("b"), Str("1")), diagnostics_);
  EXPECT_EQ(Summaries(), "Unexpected identity change;");
}

TEST_F(Identity, StoredIdentityIsUpgradedOrRefused) {
  EXPECT_EQ(UpgradeIdentity(entry_, 1, R"({"name":"a","gone":1})").identity, Object(Str("a"), Value::Null()));
  EXPECT_TRUE(UpgradeIdentity(entry_, 0, R"({"name":"a"})").diagnostics.HasError());  // without WithIdentityUpgrade
  EXPECT_TRUE(UpgradeIdentity(entry_, 2, "{}").diagnostics.HasError());
  EXPECT_TRUE(UpgradeIdentity(entry_, 1, "{").diagnostics.HasError());
  EXPECT_TRUE(UpgradeIdentity(entry_, 1, R"({"name":[]})").diagnostics.HasError());
}

TEST_F(Identity, FaultySchemasAreRefused) {
  const auto refusal = [](std::vector<IdentityAttribute> attributes) {
    const Status status = IdentitySchema{.attributes = std::move(attributes)}.Check();
    return status.ok() ? std::string() : status.error().message();
  };
  EXPECT_EQ(refusal({}), "identity: has no attributes");
  EXPECT_EQ(refusal({{.name = "a"}}), "a: must be either required or optional for an import");
  EXPECT_EQ(refusal({{.name = "a", .type = Type::Map(Type::String()), .required_for_import = true}}),
            "a: must be a primitive or a list of primitives");
  EXPECT_EQ(refusal({{.name = "a", .type = Type::List(Type::Number()), .required_for_import = true}}), "");
}

TEST_F(Identity, MoveTakesOverWhatItKnowsAndRefusesTheRest) {
  MoveRequest request{.provider_address = "h/n/p", .type_name = "old", .state = Value::Object({{"title", Str("a")}})};
  EXPECT_EQ(Move(entry_, request).state, Object(Str("a"), Value::Null()));
  request.type_name = "foreign";
  const MoveResponse refused = Move(entry_, request);
  ASSERT_TRUE(refused.diagnostics.HasError());
  EXPECT_NE(refused.diagnostics.items()[0].detail.find("foreign (h/n/p)"), std::string::npos);
}

}  // namespace
}  // namespace podwright::sdk::logic
