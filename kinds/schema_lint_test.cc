#include "kinds/schema_lint.h"

#include <gmock/gmock.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include "kinds/registry.h"

namespace podwright::kinds {
namespace {

using google::protobuf::DescriptorPool;
using ::testing::HasSubstr;

// The findings about a kind `Thing` whose spec has these fields.
std::string Findings(const std::string& fields, const std::string& more = "", const std::string& observed = "",
                     const std::string& status = "") {
  const std::string text = R"(syntax = "proto3"; package lint; import "podwright/v1/options.proto";
    message Thing {
      option (podwright.v1.kind) = { doc: "A thing." plural: "things" schema_revision: 1 defaults_revision: 3 };
      Spec spec = 1; Observed observed = 2; Status status = 3;
    }
    message Spec {)" + fields +
                           "} message Observed {" + observed + "} message Status {" + status + "}" + more;
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  google::protobuf::io::Tokenizer tokenizer(&stream, nullptr);
  google::protobuf::compiler::Parser parser;
  google::protobuf::FileDescriptorProto file;
  EXPECT_TRUE(parser.Parse(&tokenizer, &file)) << text;
  file.set_name("lint.proto");
  DescriptorPool pool(DescriptorPool::generated_pool());
  const auto* built = pool.BuildFile(file);
  if (built == nullptr) return "the test's proto is wrong: " + text;
  const auto made = Registry::FromDescriptors({built->FindMessageTypeByName("Thing")});
  return made.ok() ? "" : made.error().message();
}

// A field of the spec with an option text.
std::string Field(const std::string& declaration, const std::string& options) {
  return declaration + " = 1 [(podwright.v1.field) = { doc: \"It is.\" " + options + " }];";
}

TEST(Lint, TakesAGoodKind) {
  EXPECT_EQ(Findings(Field("optional string a", "default_value: \"x\" allowed: \"x\" allowed: \"y\"")), "");
}

TEST(Lint, RefusesNamesThatCollide) {
  for (const char* name : {"id", "name", "labels", "workspace", "status", "timeouts", "plan_facts", "count", "for_each",
                           "depends_on", "lifecycle", "provider", "provisioner", "connection"}) {
    EXPECT_THAT(Findings(Field(std::string("optional string ") + name, "")),
                HasSubstr("taken by Podwright or by Terraform"))
        << name;
  }
  EXPECT_EQ(Findings(Field("optional Inner a", ""), "message Inner {" + Field("optional string name", "") + "}"), "");
  EXPECT_THAT(Findings(Field("optional string aB", "")), HasSubstr("snake_case"));
  EXPECT_THAT(Findings(Field("optional string a_wo", "")), HasSubstr("_wo"));
}

TEST(Lint, RefusesWhatHasNoFormInDocuments) {
  EXPECT_THAT(Findings(Field("string a", "")), HasSubstr("thing.spec.a: a scalar is optional"));
  EXPECT_THAT(Findings("optional string a = 1;"), HasSubstr("the doc is missing"));
  EXPECT_THAT(Findings("oneof o {" + Field("string a", "") + "}"), HasSubstr("a proto oneof has no form"));
  EXPECT_THAT(Findings(Field("repeated Inner a", ""), "message Inner {}"), HasSubstr("never lists of messages"));
  EXPECT_THAT(Findings(Field("map<int64, string> a", "")), HasSubstr("the keys of a map are strings"));
  EXPECT_THAT(Findings(Field("optional float a", "")), HasSubstr("has no form"));
  EXPECT_THAT(Findings(Field("optional int32 a", "")), HasSubstr("has no form"));
  EXPECT_THAT(Findings(Field("optional bytes a", "")), HasSubstr("has no form"));
  EXPECT_THAT(Findings(Field("optional Inner a", ""), "message Inner {" + Field("optional Inner b", "") + "}"),
              HasSubstr("contains itself"));
}

TEST(Lint, RefusesEnumsWithoutTheirPrefixUnspecifiedOrDocs) {
  const std::string field = Field("optional Mode a", "");
  EXPECT_THAT(Findings(field, "enum Mode { MODE_A = 0; }"), HasSubstr("UNSPECIFIED"));
  EXPECT_THAT(Findings(field, "enum Mode { MODE_UNSPECIFIED = 0; OTHER = 1; }"), HasSubstr("does not begin with"));
  EXPECT_THAT(Findings(field, "enum Mode { MODE_UNSPECIFIED = 0; MODE_A = 1; }"), HasSubstr("no value_doc"));
}

TEST(Lint, RefusesDefaultsThatBreakTheirOwnRule) {
  EXPECT_THAT(Findings(Field("optional string a", "default_value: \"z\" allowed: \"x\"")),
              HasSubstr("breaks the field's own rule"));
  EXPECT_THAT(Findings(Field("optional int64 a", "default_value: \"9\" max: 8")),
              HasSubstr("breaks the field's own rule"));
  EXPECT_THAT(Findings(Field("optional int64 a", "default_value: \"nine\"")), HasSubstr("is no value of the field"));
  EXPECT_THAT(Findings(Field("optional int64 a", "default_value: \"30\" format: FORMAT_DURATION")),
              HasSubstr("is no value"));
  EXPECT_THAT(Findings(Field("optional string a", "default_value: \"x\" required: true")),
              HasSubstr("needs no default"));
  EXPECT_THAT(Findings(Field("repeated string a", "default_value: \"x\"")), HasSubstr("only scalars have defaults"));
  EXPECT_THAT(
      Findings(Field("optional string a", "default_value: \"x\" former_defaults: {last_revision: 3 value: \"y\"}")),
      HasSubstr("older than the kind's defaults_revision"));
}

TEST(Lint, RefusesOptionsThatDoNotFitTheType) {
  EXPECT_THAT(Findings(Field("optional int64 a", "pattern: \"^x$\"")), HasSubstr("are for strings"));
  EXPECT_THAT(Findings(Field("optional string a", "format: FORMAT_DURATION")), HasSubstr("does not fit the type"));
  EXPECT_THAT(Findings(Field("optional bool a", "format: FORMAT_PATH")), HasSubstr("the format is for strings"));
  EXPECT_THAT(Findings(Field("optional string a", "key_pattern: \"^x$\"")), HasSubstr("are for maps"));
  EXPECT_THAT(Findings(Field("map<string, string> a", "key_format: FORMAT_SIZE")), HasSubstr("keys are strings"));
  EXPECT_THAT(Findings(Field("optional string a", "min: 1")), HasSubstr("min and max are for"));
  EXPECT_THAT(Findings(Field("optional int64 a", "min: 2 max: 1")), HasSubstr("min is more than max"));
  EXPECT_THAT(Findings(Field("optional string a", "pattern: \"x\"")), HasSubstr("anchored"));
  EXPECT_THAT(Findings(Field("optional string a", "pattern: \"^(x$\"")), HasSubstr("is no RE2"));
  EXPECT_THAT(Findings(Field("optional string a", "references: \"nothing\"")),
              HasSubstr("the kind nothing, which does not exist"));
}

TEST(Lint, RefusesAGroupWithOneMemberOrTwoMinds) {
  EXPECT_THAT(Findings(Field("optional string a", "one_of_group: \"g\"")), HasSubstr("has one member only"));
  EXPECT_THAT(
      Findings(
          Field("optional string a", "one_of_group: \"g\"") +
          "optional string b = 2 [(podwright.v1.field) = {doc: \"b\" one_of_group: \"g\" one_of_optional: true}];"),
      HasSubstr("differ in one_of_optional"));
}

TEST(Lint, RefusesMisplacedMeanings) {
  EXPECT_THAT(Findings(Field("optional string a", "write_only: true")), HasSubstr("is sensitive, too"));
  EXPECT_THAT(Findings(Field("repeated string a", "write_only: true sensitive: true")),
              HasSubstr("neither in nor itself"));
  EXPECT_THAT(Findings(Field("map<string, Inner> a", ""),
                       "message Inner {" + Field("optional string b", "write_only: true sensitive: true") + "}"),
              HasSubstr("thing.spec.a.b: a write-only field is neither in nor itself"));
  EXPECT_THAT(Findings(Field("optional string a", "volatile_fact: true")), HasSubstr("no volatile facts"));
  EXPECT_THAT(Findings("", "", Field("optional string a", "write_only: true sensitive: true")),
              HasSubstr("only the spec"));
  EXPECT_THAT(Findings("", "", "", Field("optional string a", "required: true")), HasSubstr("are for the spec"));
  EXPECT_THAT(Findings("", "", "", Field("optional string a", "changes_with: \"b\"")), HasSubstr("goes with"));
  EXPECT_THAT(Findings("", "", "", Field("optional string a", "known_unless_changed: true changes_with: \"b\"")),
              HasSubstr("it changes with b, which the spec does not have"));
  EXPECT_THAT(Findings(Field("optional string a", "immutable: true change: CHANGE_MODE_REPLACE")),
              HasSubstr("immutable"));
  EXPECT_THAT(Findings(Field("optional string a", "former_names: \"a\"")), HasSubstr("used twice"));
}

}  // namespace
}  // namespace podwright::kinds
