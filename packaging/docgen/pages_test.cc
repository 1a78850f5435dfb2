// Pages of a provider that has everything, and no example by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "packaging/docgen/example.h"
#include "packaging/docgen/pages.h"
#include "packaging/docgen/schema_markdown.h"
#include "packaging/docgen/type_text.h"

namespace podwright::docgen {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Attribute = tfplugin6::Schema::Attribute;

Attribute& Add(tfplugin6::Schema& schema, const std::string& name, const std::string& type) {
  Attribute& attribute = *schema.mutable_block()->add_attributes();
  attribute.set_name(name);
  attribute.set_type(type);
  attribute.set_description("What " + name + " is.");
  return attribute;
}

tfplugin6::Schema Everything() {
  tfplugin6::Schema schema;
  schema.mutable_block()->set_description("A thing.\n\nMore of it.");
  Add(schema, "zone", "\"string\"").set_required(true);
  Add(schema, "id", "\"string\"").set_computed(true);
  Attribute& secret = Add(schema, "value_wo", "\"string\"");
  secret.set_optional(true);
  secret.set_sensitive(true);
  secret.set_write_only(true);
  Attribute& files = Add(schema, "files", "");
  files.set_required(true);
  files.mutable_nested_type()->set_nesting(tfplugin6::Schema::Object::MAP);
  Attribute& content = *files.mutable_nested_type()->add_attributes();
  content.set_name("content");
  content.set_type(R"(["list","number"])");
  content.set_required(true);
  return schema;
}

class Root : public ::testing::Test {
 protected:
  Root() {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-docgen-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    Write("docs/install.md", "# Installing: \"it\"\n\nText.\n");
    Write("docs/preview.md", "# Previewing\n\nText.\n");
    Write("examples/terraform/provider/provider.tf", "provider \"podwright\" {}\n");
  }
  ~Root() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  std::filesystem::path root_;
};

TEST(TypeText, SaysTypesInWords) {
  EXPECT_EQ(TypeText(std::string("\"bool\"")), "Boolean");
  EXPECT_EQ(TypeText(std::string(R"(["map",["set","number"]])")), "Map of Set of Number");
  EXPECT_EQ(TypeText(std::string(R"(["object",{"a":"string"}])")), "Object");
  EXPECT_EQ(TypeText(std::string("broken")), "Unknown");
}

TEST(SchemaMarkdown, SortsByUseAndLeadsToWhatIsNested) {
  const std::string text = SchemaMarkdown(Everything());
  EXPECT_LT(text.find("### Required"), text.find("`files` (Attributes Map)"));
  EXPECT_LT(text.find("`files` (Attributes Map)"), text.find("`zone` (String)"));
  EXPECT_LT(text.find("### Read-Only"), text.find("`id` (String)"));
  EXPECT_THAT(text, HasSubstr("`value_wo` (String, Sensitive, Write-only)"));
  EXPECT_THAT(text, HasSubstr("(see [below](#nestedatt--files))"));
  EXPECT_THAT(text,
              HasSubstr("<a id=\"nestedatt--files\"></a>\n### Nested Schema for `files`\n\nRequired:\n\n- `content` "
                        "(List of Number)"));
}

TEST(Example, HasWhatIsRequiredInTheFormThatFmtLeaves) {
  EXPECT_EQ(
      BlockExample("data", "podwright_thing", Everything()),
      "data \"podwright_thing\" \"example\" {\n  zone  = \"example\"\n  files = { example = { content = [1] } }\n}\n");
  EXPECT_EQ(BlockExample("ephemeral", "podwright_none", {}), "ephemeral \"podwright_none\" \"example\" {}\n");
}

TEST_F(Root, EveryTypeHasItsPageAndItsExample) {
  Served served;
  tfplugin6::GetProviderSchema::Response& schema = served.schema;
  tfplugin6::ResourceIdentitySchema& identity = (*served.identities.mutable_identity_schemas())["podwright_thing"];
  for (const char* name : {"workspace", "name"}) {
    auto& attribute = *identity.add_identity_attributes();
    attribute.set_name(name);
    attribute.set_type("\"string\"");
  }
  (*schema.mutable_resource_schemas())["podwright_thing"] = Everything();
  (*schema.mutable_data_source_schemas())["podwright_things"] = Everything();
  (*schema.mutable_ephemeral_resource_schemas())["podwright_thing"] = Everything();
  tfplugin6::Function& function = (*schema.mutable_functions())["parse"];
  function.set_summary("Parses.");
  function.mutable_return_()->set_type(R"(["object",{"a":"string"}])");
  auto& parameter = *function.add_parameters();
  parameter.set_name("text");
  parameter.set_type("\"string\"");
  parameter.set_description("What is parsed.");
  function.mutable_variadic_parameter()->set_name("more");
  function.mutable_variadic_parameter()->set_type("\"number\"");

  const Files files = RegistryFiles(served, root_);
  EXPECT_THAT(
      files.at("docs/resources/thing.md"),
      AllOf(HasSubstr("page_title: \"podwright_thing Resource - podwright\""), HasSubstr("description: \"A thing.\""),
            HasSubstr("terraform import podwright_thing.example"), HasSubstr("More of it.")));
  EXPECT_THAT(files.at("docs/data-sources/things.md"), AllOf(HasSubstr("(Data Source)"), Not(HasSubstr("## Import"))));
  EXPECT_THAT(files.at("docs/ephemeral-resources/thing.md"), HasSubstr("ephemeral \"podwright_thing\" \"example\" {"));
  EXPECT_THAT(files.at("docs/functions/parse.md"),
              AllOf(HasSubstr("provider::podwright::parse(text, more...) → Object"),
                    HasSubstr("- `text` (String) What is parsed."), HasSubstr("- `more` (Number, Variadic)")));
  EXPECT_EQ(files.at("examples/functions/parse/function.tf"),
            "output \"parse\" {\n  value = provider::podwright::parse(\"example\")\n}\n");
  EXPECT_THAT(files.at("docs/guides/install.md"), HasSubstr("page_title: \"Installing: \\\"it\\\"\""));
  EXPECT_TRUE(files.contains("examples/ephemeral-resources/podwright_thing/ephemeral-resource.tf"));
  EXPECT_TRUE(files.contains("terraform-registry-manifest.json"));
  EXPECT_EQ(files.at("examples/resources/podwright_thing/import-by-identity.tf"),
            "import {\n  to = podwright_thing.example\n  identity = {\n    workspace = \"default\"\n    name      = "
            "\"example\"\n  }\n}\n");
  EXPECT_THAT(files.at("docs/resources/thing.md"), HasSubstr("    name      = \"example\""));
  const Files committed = CommittedFiles(files);
  EXPECT_TRUE(committed.contains("docs/resources/thing.md"));
  EXPECT_FALSE(committed.contains("docs/guides/install.md"));
  EXPECT_FALSE(committed.contains("examples/provider/provider.tf"));
}

TEST_F(Root, AnExampleByHandWins) {
  Write("examples/terraform/data-sources/podwright_thing/data-source.tf", "# by hand\n");
  Served served;
  (*served.schema.mutable_data_source_schemas())["podwright_thing"] = Everything();
  const Files files = RegistryFiles(served, root_);
  EXPECT_EQ(files.at("examples/data-sources/podwright_thing/data-source.tf"), "# by hand\n");
  EXPECT_THAT(files.at("docs/data-sources/thing.md"), HasSubstr("```terraform\n# by hand\n```"));
}

}  // namespace
}  // namespace podwright::docgen
