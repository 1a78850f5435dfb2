#include "provider/sdk/logic/locatable.h"

#include <gtest/gtest.h>

namespace podwright::sdk::logic {
namespace {

Schema Shop() {
  const Attribute mode{.name = "mode", .type = Type::String(), .optional = true};
  const Attribute files{.name = "files", .nesting = Nesting::kMap, .attributes = {mode}, .optional = true};
  const Attribute disk{.name = "disk", .nesting = Nesting::kList, .attributes = {mode, files}, .block = true};
  return {.attributes = {mode, files, disk}};
}

Diagnostic Shown(const AttributePath& path, const std::string& detail = "Four digits.") {
  Diagnostics diagnostics;
  diagnostics.AddError("Not a mode", detail, path);
  return Locatable(Shop(), diagnostics).items().at(0);
}

TEST(Locatable, APathInsideAnAttributeEndsAtItAndTheTextSaysTheRest) {
  const Diagnostic shown = Shown(AttributePath("files").Key("/etc/motd").Attribute("mode"));
  EXPECT_EQ(shown.path, AttributePath("files"));
  EXPECT_EQ(shown.detail, "At files[\"/etc/motd\"].mode: Four digits.");
  EXPECT_EQ(Shown(AttributePath("files").Key("a"), "").detail, "At files[\"a\"].");
}

TEST(Locatable, BlocksAreFollowedToTheirAttributes) {
  const AttributePath block = AttributePath("disk").Index(1);
  EXPECT_EQ(Shown(block.Attribute("mode")).path, block.Attribute("mode"));
  EXPECT_EQ(Shown(block.Attribute("mode")).detail, "Four digits.");
  EXPECT_EQ(Shown(block).path, block);
  EXPECT_EQ(Shown(block.Attribute("files").Key("a").Attribute("mode")).path, block.Attribute("files"));
}

TEST(Locatable, WhatATextSaysAlreadyIsNotSaidTwice) {
  EXPECT_EQ(Shown(AttributePath("files").Key("a").Attribute("mode"), ".files[\"a\"].mode: wrong").detail,
            ".files[\"a\"].mode: wrong");
}

TEST(Locatable, OtherPathsAreAsTheyWere) {
  for (const AttributePath& path :
       {AttributePath(), AttributePath("mode"), AttributePath("unheard").Attribute("of"), AttributePath("files")}) {
    EXPECT_EQ(Shown(path).path, path);
    EXPECT_EQ(Shown(path).detail, "Four digits.");
  }
}

}  // namespace
}  // namespace podwright::sdk::logic
