#include "kinds/validate.h"

#include <gmock/gmock.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "kinds/defaults.h"
#include "kinds/diff.h"
#include "kinds/references.h"
#include "kinds/secret_mentions.h"
#include "kinds/testing/testing_kinds.h"
#include "podwright/testing/widget.pb.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "podwright/v1/object.pb.h"

namespace podwright::kinds {
namespace {

using podwright::testing::WidgetSpec;
using ::testing::HasSubstr;
using v1::kinds::ServerSpec;

const Kind& WidgetKind() {
  return *TestingKinds().Find("widget");
}
const Kind& ServerKind() {
  return *TestingKinds().Find("server");
}
std::string Errors(const WidgetSpec& spec) {
  return Validate(WidgetKind(), spec).ToString();
}
std::string Errors(const ServerSpec& spec) {
  return Validate(ServerKind(), spec).ToString();
}

TEST(Validate, EmptySpecsAreFine) {
  EXPECT_EQ(Errors(WidgetSpec()), "");
  EXPECT_EQ(Errors(ServerSpec()), "");
  EXPECT_EQ(Validate(*TestingKinds().Find("secret"), v1::kinds::SecretSpec()).ToString(), "");
}

TEST(Validate, NamesTheAttributeOfEachError) {
  WidgetSpec spec;
  spec.set_disruption("relaod");
  spec.set_max_parallel(2000);
  spec.mutable_coat()->set_colour("blue");
  (*spec.mutable_parts())["a"].add_networks("10.0.0.0");
  (*spec.mutable_parts())["Bad"].set_mode("644");
  const std::string errors = Errors(spec);
  EXPECT_THAT(errors, HasSubstr("error: disruption: expected one of"));
  EXPECT_THAT(errors, HasSubstr("did you mean `reload`?"));
  EXPECT_THAT(errors, HasSubstr("error: max_parallel: 2000 is more than the largest value, 1000"));
  EXPECT_THAT(errors, HasSubstr("error: coat.colour: the text does not match"));
  EXPECT_THAT(errors, HasSubstr("error: parts[\"a\"].networks[0]: a network is"));
  EXPECT_THAT(errors, HasSubstr("for one address write 10.0.0.0/32"));
  EXPECT_THAT(errors, HasSubstr("error: parts[\"Bad\"]: a name matches"));
  EXPECT_THAT(errors,
              HasSubstr("error: parts[\"Bad\"].mode: a file mode is four octal digits\n  hint: write \"0644\""));
}

TEST(Validate, ChecksFormats) {
  const auto with_file = [](const std::string& path) {
    ServerSpec spec;
    (*spec.mutable_files())[path].set_content("x");
    return Errors(spec);
  };
  EXPECT_EQ(with_file("/etc/a b"), "");
  EXPECT_THAT(with_file("etc"), HasSubstr("not absolute"));
  EXPECT_THAT(with_file("/etc/../x/./y/"), HasSubstr("write /x/y"));
  EXPECT_THAT(with_file("/etc\n"), HasSubstr("control characters"));
  EXPECT_THAT(with_file("/etc\xff"), HasSubstr("not UTF-8"));
  const auto with_source = [](const std::string& source) {
    ServerSpec spec;
    auto& rule = (*spec.mutable_firewall()->mutable_inbound())["web"];
    rule.set_port(80);
    rule.add_sources(source);
    return Errors(spec);
  };
  EXPECT_EQ(with_source("10.0.0.0/8"), "");
  EXPECT_EQ(with_source("2001:db8::/32"), "");
  EXPECT_EQ(with_source("0.0.0.0/0"), "");
  EXPECT_THAT(with_source("10.1.2.3/8"), HasSubstr("write 10.0.0.0/8"));
  EXPECT_THAT(with_source("10.0.0.0/33"), HasSubstr("a network is"));
  EXPECT_THAT(with_source("10.0.0/8"), HasSubstr("a network is"));
}

TEST(Validate, AHostilePatternInputTakesNoTime) {
  ServerSpec spec;
  auto& user = (*spec.mutable_users())["app"];
  user.add_authorized_keys("ssh-" + std::string(200'000, 'a') + "!");
  EXPECT_THAT(Errors(spec), HasSubstr("does not match"));
}

TEST(Validate, ExactlyOneOfAGroup) {
  v1::kinds::SecretSpec spec;
  spec.set_value("x");
  spec.mutable_generator();
  EXPECT_THAT(Validate(*TestingKinds().Find("secret"), spec).ToString(),
              HasSubstr("generator: only one of value, generator, sealed may be set; value is set, too"));
}

TEST(Validate, UnknownFieldsNameTheRevisionThatIsNeeded) {
  WidgetSpec spec;
  (*spec.mutable_parts())["a"].GetReflection()->MutableUnknownFields(&(*spec.mutable_parts())["a"])->AddVarint(99, 1);
  const std::string errors = Validate(WidgetKind(), spec, 7).ToString();
  EXPECT_THAT(errors, HasSubstr("parts[\"a\"]: field number 99 is not known to this program"));
  EXPECT_THAT(errors, HasSubstr("it knows schema revision 3 of the kind widget; schema revision 7 is needed"));
  const auto decoded = DecodeSpec(WidgetKind(), EncodeSpec(spec), 7);
  ASSERT_FALSE(decoded.ok());
  EXPECT_THAT(decoded.error().message(), HasSubstr("schema revision 7 is needed"));
  EXPECT_FALSE(DecodeSpec(WidgetKind(), "\xff\xff\xff").ok());
}

TEST(Validate, References) {
  WidgetSpec spec;
  spec.add_servers("web-1");
  spec.add_servers("Web");
  spec.add_servers("web-1");
  spec.set_follows("widget/x");
  (*spec.mutable_neighbours())["no name"] = true;
  const std::string errors = Errors(spec);
  EXPECT_THAT(errors, HasSubstr("servers[1]: expected the name of a server"));
  EXPECT_THAT(errors, HasSubstr("servers[2]: `web-1` is named twice; first as element 0"));
  EXPECT_THAT(errors, HasSubstr("follows: it cannot refer to a widget"));
  EXPECT_THAT(errors, HasSubstr("neighbours[\"no name\"]: expected the name of a server"));
}

TEST(ValidateServer, ThePortRangeHasAnOrder) {
  ServerSpec spec;
  auto& rule = (*spec.mutable_firewall()->mutable_inbound())["web"];
  rule.set_port(90);
  rule.set_port_end(80);
  EXPECT_THAT(Errors(spec), HasSubstr("firewall.inbound[\"web\"].port_end: the last port is less than the first, 90"));
}

TEST(ValidateServer, APathIsAFileOrASecretAndNoFolderOfAnother) {
  ServerSpec spec;
  (*spec.mutable_files())["/etc/a"].set_content("x");
  (*spec.mutable_secrets())["/etc/a"].set_secret("s");
  (*spec.mutable_files())["/etc/a/b"].set_content("x");
  EXPECT_THAT(Errors(spec), HasSubstr("secrets[\"/etc/a\"]: the same path is in `files`, too"));
  EXPECT_THAT(Errors(spec), HasSubstr("files[\"/etc/a/b\"]: its folder, /etc/a, is declared as a file"));
}

TEST(ValidateServer, AnExistingMachineHasNoSize) {
  ServerSpec spec;
  spec.set_size("big");
  EXPECT_THAT(Errors(spec), HasSubstr("size: it needs `cloud`"));
  spec.set_cloud("lab");
  EXPECT_EQ(Errors(spec), "");
}

TEST(Validate, AGeneratorMakesOneThingOnly) {
  const auto errors = [](const v1::kinds::SecretSpec& spec) {
    return Validate(*TestingKinds().Find("secret"), spec).ToString();
  };
  v1::kinds::SecretSpec spec;
  auto& certificate = *spec.mutable_generator()->mutable_certificate();
  certificate.set_common_name("shop");
  certificate.add_names("*.example.org");
  certificate.add_addresses("10.0.0.1");
  EXPECT_EQ(errors(spec), "");
  certificate.add_addresses("10.0.0");
  EXPECT_THAT(errors(spec), HasSubstr("generator.certificate.addresses[1]"));
  certificate.mutable_addresses()->RemoveLast();
  spec.mutable_generator()->set_length(20);
  EXPECT_THAT(errors(spec), HasSubstr("generator.length"));
  spec.mutable_generator()->clear_length();
  spec.add_parts("ca");
  EXPECT_THAT(errors(spec), HasSubstr("a generator knows its parts"));
  spec.clear_generator();
  EXPECT_EQ(errors(spec), "");
  spec.add_parts("ca");
  EXPECT_THAT(errors(spec), HasSubstr("listed twice"));
}

TEST(SecretMentions, AreFoundWhereverASpecNamesASecret) {
  ServerSpec spec;
  auto& file = (*spec.mutable_secrets())["/etc/a"];
  file.set_secret("tls");
  file.set_key("ca");
  file.set_version(3);
  (*spec.mutable_secrets())["/etc/b"].set_secret("plain");
  auto mentions = SecretMentions(spec);
  std::sort(mentions.begin(), mentions.end(), [](const auto& a, const auto& b) { return a.secret < b.secret; });
  ASSERT_EQ(mentions.size(), 2U);
  EXPECT_EQ(mentions[0].secret, "plain");
  EXPECT_EQ(mentions[0].version, 0);
  EXPECT_EQ(mentions[1].key, "ca");
  EXPECT_EQ(mentions[1].version, 3);
  v1::kinds::ServerObserved observed;
  auto& found = (*observed.mutable_secrets())["/etc/a"];
  found.set_name("tls");
  found.set_version(2);
  EXPECT_EQ(ObservedSecretVersions(observed, "tls"), std::vector<std::int64_t>{2});
  EXPECT_TRUE(ObservedSecretVersions(observed, "plain").empty());
}

TEST(ValidateChange, ImmutableFieldsStay) {
  WidgetSpec before;
  WidgetSpec after;
  after.set_birthplace("here");
  after.set_payload("x");
  EXPECT_THAT(ValidateChange(WidgetKind(), before, after).ToString(), HasSubstr("birthplace: it cannot change"));
  before.set_birthplace("here");
  EXPECT_TRUE(ValidateChange(WidgetKind(), before, after).empty());
}

TEST(ValidateObject, ChecksKindNameLabelsAndSpec) {
  v1::DesiredObject object;
  object.set_kind("wigdet");
  EXPECT_THAT(ValidateObject(TestingKinds(), object).ToString(), HasSubstr("did you mean `widget`?"));
  object.set_kind("widget");
  object.set_name("Bad");
  (*object.mutable_labels())["Bad"] = "x";
  object.set_spec("\xff");
  EXPECT_EQ(ValidateObject(TestingKinds(), object).size(), 3U);
  object.set_name("good");
  object.mutable_labels()->clear();
  object.clear_spec();
  EXPECT_TRUE(ValidateObject(TestingKinds(), object).empty());
}

TEST(References, AreFoundAtEveryDepthInOrder) {
  WidgetSpec spec;
  spec.add_servers("s2");
  spec.add_servers("s1");
  spec.add_needs("w");
  (*spec.mutable_parts())["p"].set_keeper("s3");
  (*spec.mutable_neighbours())["s4"] = false;
  spec.set_follows("secret/key");
  std::vector<std::string> found;
  for (const Reference& r : References(WidgetKind(), spec))
    found.push_back(r.path.ToString() + " " + r.kind + "/" + r.name);
  EXPECT_EQ(found, (std::vector<std::string>{"servers[0] server/s2", "servers[1] server/s1", "needs[0] widget/w",
                                             "parts[\"p\"].keeper server/s3", "neighbours[\"s4\"] server/s4",
                                             "follows secret/key"}));
}

TEST(FillDefaults, FillsWhatIsUnsetAtTheObjectsOwnRevision) {
  WidgetSpec spec;
  (*spec.mutable_parts())["p"].set_note("x");
  spec.mutable_coat()->set_layers(3);
  WidgetSpec old = spec;
  FillDefaults(WidgetKind(), &spec, 2);
  EXPECT_EQ(spec.disruption(), "none");
  EXPECT_EQ(spec.healthy_time(), 2000);
  EXPECT_EQ(spec.parts().at("p").mode(), "0644");
  EXPECT_EQ(spec.coat().layers(), 3);
  EXPECT_FALSE(spec.has_foil());
  EXPECT_FALSE(spec.has_payload());
  FillDefaults(WidgetKind(), &old, 1);
  EXPECT_EQ(old.healthy_time(), 5000);
}

TEST(Diff, ShowsFieldsAndHidesWhatIsSensitive) {
  WidgetSpec before;
  WidgetSpec after;
  before.set_token("hunter2");
  after.set_token("hunter3");
  before.set_healthy_time(30000);
  (*after.mutable_parts())["p"].set_mode("0600");
  (*before.mutable_parts())["q"];
  after.add_servers("a");
  std::string all;
  for (const Difference& difference : Diff(WidgetKind().schema(), before, after)) all += difference.ToString() + "\n";
  EXPECT_EQ(all,
            "servers: (unset) → [\"a\"]\n"
            "healthy_time: 30s → (unset)\n"
            "token: (sensitive, changed)\n"
            "parts[\"p\"].mode: (unset) → \"0600\"\n"
            "parts[\"q\"]: {} → (unset)\n");
}

}  // namespace
}  // namespace podwright::kinds
