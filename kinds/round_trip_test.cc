// For every kind: what is written as YAML or JSON comes back as the same canonical bytes.
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include "kinds/canonical.h"
#include "kinds/diff.h"
#include "kinds/export.h"
#include "kinds/loader.h"
#include "kinds/testing/random_spec.h"
#include "kinds/testing/testing_kinds.h"
#include "kinds/text.h"
#include "kinds/validate.h"

namespace podwright::kinds {
namespace {

constexpr int kRounds = 300;

class RoundTrip : public ::testing::TestWithParam<std::string> {};

// A random spec that is valid by the kind's cross-field rules, too; null when this one is not.
std::unique_ptr<google::protobuf::Message> ValidSpec(const Kind& kind, SeededRandom* random) {
  auto spec = RandomSpec(kind, random);
  return Validate(kind, *spec).has_errors() ? nullptr : std::move(spec);
}

TEST_P(RoundTrip, RandomSpecsKeepEveryRuleOfASingleField) {
  const Kind& kind = *TestingKinds().Find(GetParam());
  SeededRandom random(11);
  int valid = 0;
  for (int i = 0; i < kRounds; ++i) {
    const auto spec = RandomSpec(kind, &random);
    const Diagnostics found = Validate(kind, *spec);
    if (kind.cross_field_rules() == nullptr) {
      EXPECT_FALSE(found.has_errors()) << found.ToString();
    }
    valid += found.has_errors() ? 0 : 1;
  }
  // Of these the fields must fit each other so closely that hardly any random spec is sound.
  const bool rarely_sound = GetParam() == "database" || GetParam() == "load_balancer";
  if (!rarely_sound) {
    EXPECT_GT(valid, kRounds / 20);
  }
}

TEST_P(RoundTrip, YamlComesBackAsTheSameBytes) {
  const Kind& kind = *TestingKinds().Find(GetParam());
  SeededRandom random(12);
  LoadOptions options;
  options.allow_dangling = true;
  for (int i = 0; i < kRounds; ++i) {
    const auto spec = ValidSpec(kind, &random);
    if (spec == nullptr) continue;
    const std::string yaml = ToYaml(kind, "thing", {{"team", "shop"}, {"n", "007"}}, *spec, Secrets::kShow);
    const LoadedFolder loaded = LoadText(TestingKinds(), yaml, "thing.yaml", options);
    ASSERT_TRUE(loaded.diagnostics.empty()) << loaded.diagnostics.ToString() << yaml;
    ASSERT_EQ(loaded.documents.size(), 1U);
    const auto back = DecodeSpec(kind, loaded.documents[0].object.spec());
    ASSERT_TRUE(back.ok()) << back.error().ToString();
    ASSERT_EQ(CanonicalBytes(**back), CanonicalBytes(*spec)) << yaml;
    EXPECT_EQ(loaded.documents[0].object.labels().at("n"), "007");
  }
}

// What an export leaves out is all that differs, and it is named.
TEST_P(RoundTrip, AnExportComesBackAsTheSameBytesWithoutSecrets) {
  const Kind& kind = *TestingKinds().Find(GetParam());
  SeededRandom random(16);
  LoadOptions options;
  options.allow_dangling = true;
  for (int i = 0; i < kRounds; ++i) {
    const auto spec = ValidSpec(kind, &random);
    if (spec == nullptr) continue;
    const ExportedDocument exported = Export(kind, "thing", {{"team", "shop"}}, *spec);
    EXPECT_EQ(exported.yaml.find("(sensitive)"), std::string::npos) << exported.yaml;
    const LoadedFolder loaded = LoadText(TestingKinds(), exported.yaml, "thing.yaml", options);
    if (!exported.left_out.empty() && loaded.documents.empty()) continue;  // what is left out may be required
    ASSERT_TRUE(loaded.diagnostics.empty()) << loaded.diagnostics.ToString() << exported.yaml;
    ASSERT_EQ(loaded.documents.size(), 1U);
    const auto back = DecodeSpec(kind, loaded.documents[0].object.spec());
    ASSERT_TRUE(back.ok()) << back.error().ToString();
    const std::vector<Difference> differences = Diff(kind.schema(), *spec, **back);
    for (const Difference& difference : differences) EXPECT_TRUE(difference.sensitive) << difference.ToString();
    if (exported.left_out.empty()) {
      EXPECT_EQ(CanonicalBytes(**back), CanonicalBytes(*spec)) << exported.yaml;
    }
    EXPECT_EQ(differences.empty(), exported.left_out.empty());
  }
}

TEST_P(RoundTrip, JsonComesBackAsTheSameBytes) {
  const Kind& kind = *TestingKinds().Find(GetParam());
  SeededRandom random(13);
  for (int i = 0; i < kRounds; ++i) {
    const auto spec = RandomSpec(kind, &random);
    const std::string json = ToJson(*spec, {Secrets::kShow, i % 2 == 0 ? 2 : -1});
    const auto back = SpecFromJson(kind, json);
    ASSERT_TRUE(back.ok()) << back.error().ToString() << json;
    ASSERT_EQ(CanonicalBytes(**back), CanonicalBytes(*spec)) << json;
    EXPECT_TRUE(Diff(kind.schema(), *spec, **back).empty());
  }
}

TEST_P(RoundTrip, EncodedSpecsComeBackWhateverTheOrderOfTheirFields) {
  const Kind& kind = *TestingKinds().Find(GetParam());
  SeededRandom random(14);
  for (int i = 0; i < kRounds; ++i) {
    const auto spec = RandomSpec(kind, &random);
    auto copy = kind.NewSpec();
    copy->MergeFrom(*spec);  // maps are built in another order
    EXPECT_EQ(EncodeSpec(*copy), EncodeSpec(*spec));
    EXPECT_EQ(CanonicalBytes(*copy), CanonicalBytes(*spec));
  }
}

TEST_P(RoundTrip, DifferentSpecsHaveDifferentBytesAndADifference) {
  const Kind& kind = *TestingKinds().Find(GetParam());
  SeededRandom random(15);
  for (int i = 0; i < kRounds; ++i) {
    const auto a = RandomSpec(kind, &random);
    const auto b = RandomSpec(kind, &random);
    EXPECT_EQ(CanonicalBytes(*a) == CanonicalBytes(*b), Diff(kind.schema(), *a, *b).empty());
  }
}

std::vector<std::string> KindNames() {
  std::vector<std::string> names;
  for (const Kind* kind : TestingKinds().All()) names.push_back(kind->name());
  return names;
}
INSTANTIATE_TEST_SUITE_P(EveryKind, RoundTrip, ::testing::ValuesIn(KindNames()),
                         [](const auto& chosen) { return chosen.param; });

}  // namespace
}  // namespace podwright::kinds
