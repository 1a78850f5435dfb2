#include "reconciler/control/label_selector.h"

#include <gtest/gtest.h>

namespace podwright::control {
namespace {

bool Matches(const std::string& selector, const std::map<std::string, std::string>& labels) {
  const auto parsed = LabelSelector::Parse(selector);
  EXPECT_TRUE(parsed.ok()) << selector;
  return parsed.ok() && parsed->Matches(labels);
}

TEST(LabelSelector, AllTermsHaveToHold) {
  EXPECT_TRUE(Matches("", {}));
  EXPECT_TRUE(Matches("team=shop, tier!=db,canary", {{"team", "shop"}, {"tier", "web"}, {"canary", "yes"}}));
  EXPECT_FALSE(Matches("team=shop,canary", {{"team", "shop"}}));
  EXPECT_TRUE(Matches("tier!=db", {}));
  EXPECT_FALSE(Matches("!old", {{"old", ""}}));
  EXPECT_TRUE(Matches("team==shop", {{"team", "shop"}}));
}

TEST(LabelSelector, NamesTheTermThatIsNone) {
  const auto parsed = LabelSelector::Parse("team=shop,=x");
  ASSERT_FALSE(parsed.ok());
  EXPECT_NE(parsed.error().message().find("\"=x\""), std::string::npos);
}

}  // namespace
}  // namespace podwright::control
