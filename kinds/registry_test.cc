#include "kinds/registry.h"

#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include "kinds/testing/testing_kinds.h"
#include "kinds/validate.h"
#include "podwright/testing/widget.pb.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::kinds {
namespace {

TEST(Registry, NamesEveryListedKind) {
  std::vector<std::string> names;
  for (const Kind* kind : TestingKinds().All()) names.push_back(kind->name());
  EXPECT_EQ(names, (std::vector<std::string>{"cache", "database", "git_source", "load_balancer", "mesh", "policy",
                                             "secret", "server", "widget"}));
  EXPECT_NE(AllKinds().Find("server"), nullptr);
  EXPECT_EQ(AllKinds().Find("widget"), nullptr);
}

TEST(Registry, EveryKindPassesTheLint) {
  for (const Registry* kinds : {&AllKinds(), &TestingKinds()}) {
    const Status found = kinds->Lint();
    EXPECT_TRUE(found.ok()) << found.error().ToString();
  }
}

TEST(Registry, FindsAKindByEveryNameThatPeopleType) {
  const Kind* server = AllKinds().Find("server");
  EXPECT_EQ(AllKinds().FindByYamlName("Server"), server);
  EXPECT_EQ(AllKinds().FindByAnyName("servers"), server);
  EXPECT_EQ(AllKinds().FindByAnyName("srv"), server);
  EXPECT_EQ(AllKinds().FindByAnyName("Server"), server);
  EXPECT_EQ(AllKinds().FindByAnyName("serve"), nullptr);
}

TEST(Registry, MakesMessagesOfTheGeneratedClass) {
  auto spec = AllKinds().Find("server")->NewSpec();
  EXPECT_NE(dynamic_cast<v1::kinds::ServerSpec*>(spec.get()), nullptr);
}

TEST(Registry, RefusesAKindRegisteredTwice) {
  const auto* widget = podwright::testing::Widget::descriptor();
  const auto made = Registry::FromDescriptors({widget, widget});
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message().find("registered twice"), std::string::npos);
}

TEST(Schema, ReadsRulesAndShapes) {
  const Schema& schema = TestingKinds().Find("widget")->schema();
  const Field* finish = schema.Find("finish");
  ASSERT_NE(finish, nullptr);
  EXPECT_EQ(finish->type, FieldType::kEnum);
  EXPECT_NE(finish->FindEnum("high_gloss"), nullptr);
  EXPECT_EQ(finish->rule.change, ChangeMode::kReplace);
  const Field* parts = schema.Find("parts");
  EXPECT_EQ(parts->cardinality, Cardinality::kMap);
  EXPECT_EQ(parts->type, FieldType::kMessage);
  EXPECT_EQ(parts->child->Find("mode")->rule.default_text, "0644");
  EXPECT_EQ(schema.FindByFormerName("content")->name, "payload");
  EXPECT_EQ(schema.Find("healthy_time")->rule.DefaultAt(1), "5s");
  EXPECT_EQ(schema.Find("healthy_time")->rule.DefaultAt(2), "2s");
  ASSERT_EQ(schema.groups().size(), 1U);
  EXPECT_EQ(schema.groups()[0].members.size(), 2U);
}

}  // namespace
}  // namespace podwright::kinds
