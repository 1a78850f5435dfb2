#include "kinds/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kinds/testing/testing_kinds.h"
#include "kinds/validate.h"
#include "podwright/testing/widget.pb.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::kinds {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr char kHead[] = "apiVersion: podwright.dev/v1\nkind: Widget\nmetadata: {name: w}\n";

LoadedFolder Load(const std::string& text) {
  return LoadText(TestingKinds(), text, "plan.yaml");
}
std::string Errors(const std::string& text) {
  return Load(text).diagnostics.ToString();
}
std::string SpecErrors(const std::string& spec) {
  return Errors(kHead + spec);
}

podwright::testing::WidgetSpec Widget(const std::string& spec_text) {
  const LoadedFolder loaded = Load(kHead + spec_text);
  EXPECT_FALSE(loaded.diagnostics.has_errors()) << loaded.diagnostics.ToString();
  podwright::testing::WidgetSpec spec;
  if (loaded.documents.size() == 1) {
    EXPECT_TRUE(spec.ParseFromString(loaded.documents[0].object.spec()));
  }
  return spec;
}

class Folder : public ::testing::Test {
 protected:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "podwright-kinds-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  ~Folder() override { fs::remove_all(root_); }
  void Write(const std::string& name, const std::string& text) {
    fs::create_directories((fs::path(root_) / name).parent_path());
    std::ofstream(fs::path(root_) / name) << text;
  }
  static std::string Document(const std::string& name, const std::string& spec = "{}") {
    return "apiVersion: podwright.dev/v1\nkind: Widget\nmetadata: {name: " + name + "}\nspec: " + spec + "\n";
  }
  std::string root_;
};

TEST(Loader, ReadsADocument) {
  const LoadedFolder loaded = LoadText(TestingKinds(), R"(apiVersion: podwright.dev/v1
kind: Server
metadata:
  name: web-1
  labels: {team: shop}
spec:
  cloud: lab
  files:
    /etc/motd:
      content: |
        hello
      mode: "0600"
)",
                                       "web.yaml");
  ASSERT_TRUE(loaded.diagnostics.empty()) << loaded.diagnostics.ToString();
  ASSERT_EQ(loaded.documents.size(), 1U);
  const auto& object = loaded.documents[0].object;
  EXPECT_EQ(object.kind(), "server");
  EXPECT_EQ(object.name(), "web-1");
  EXPECT_EQ(object.labels().at("team"), "shop");
  EXPECT_EQ(object.schema_revision(), 1U);
  EXPECT_EQ(loaded.documents[0].location.ToString(), "web.yaml:1:1");
  v1::kinds::ServerSpec spec;
  ASSERT_TRUE(spec.ParseFromString(object.spec()));
  EXPECT_EQ(spec.files().at("/etc/motd").content(), "hello\n");
}

TEST(Loader, AStringTakesTheTextOfTheSource) {
  EXPECT_EQ(Widget("spec: {payload: off}").payload(), "off");
  EXPECT_EQ(Widget("spec: {payload: 1.10}").payload(), "1.10");
  EXPECT_EQ(Widget("spec: {payload: true}").payload(), "true");
  EXPECT_EQ(Widget("spec: {payload: 'null'}").payload(), "null");
  EXPECT_EQ(Widget("spec: {payload: 0644}").payload(), "0644");
}

TEST(Loader, NullIsUnset) {
  EXPECT_FALSE(Widget("spec: {payload: null}").has_payload());
  EXPECT_FALSE(Widget("spec: {payload: ~}").has_payload());
  EXPECT_FALSE(Widget("spec:\n  payload:\n").has_payload());
  EXPECT_TRUE(Widget("spec: {payload: ''}").has_payload());
}

TEST(Loader, ReadsDurationsSizesEnumsAndNumbers) {
  const auto spec = Widget(
      "spec: {healthy_time: 10m, memory: 2GiB, finish: high_gloss, weight: 0.5, max_parallel: 3, "
      "fail: true, sizes: [1, -2], counts: {a: 1}}");
  EXPECT_EQ(spec.healthy_time(), 600000);
  EXPECT_EQ(spec.memory(), 2LL << 30);
  EXPECT_EQ(spec.finish(), podwright::testing::FINISH_HIGH_GLOSS);
  EXPECT_EQ(spec.weight(), 0.5);
  EXPECT_EQ(spec.max_parallel(), 3);
  EXPECT_TRUE(spec.fail());
  EXPECT_EQ(spec.sizes(1), -2);
  EXPECT_EQ(spec.counts().at("a"), 1);
}

TEST(Loader, AFormerNameIsTakenWithAWarning) {
  const LoadedFolder loaded = Load(std::string(kHead) + "spec: {content: x}\n");
  EXPECT_EQ(loaded.diagnostics.ToString(),
            "plan.yaml:4:8: warning: `content` is now called `payload`\n  hint: write payload\n");
  EXPECT_EQ(loaded.documents.size(), 1U);
  EXPECT_THAT(SpecErrors("spec: {content: x, payload: y}"), HasSubstr("set twice"));
}

TEST(Loader, AByteOrderMarkAndWindowsLineEndsAreTolerated) {
  const LoadedFolder loaded = Load(
      "\xef\xbb\xbf"
      "apiVersion: podwright.dev/v1\r\nkind: Widget\r\nmetadata: {name: w}\r\n"
      "spec:\r\n  payload: |\r\n    a\r\n    b\r\n");
  ASSERT_EQ(loaded.documents.size(), 1U) << loaded.diagnostics.ToString();
  podwright::testing::WidgetSpec spec;
  ASSERT_TRUE(spec.ParseFromString(loaded.documents[0].object.spec()));
  EXPECT_EQ(spec.payload(), "a\nb\n");
}

TEST(Loader, TakesSeveralDocumentsAndAnErrorHidesNoOther) {
  const LoadedFolder loaded = Load(std::string("# nothing\n---\n") + kHead + "---\nkind: [\n---\n" +
                                   "apiVersion: podwright.dev/v1\nkind: Widget\nmetadata: {name: w2}\n...\n---\n");
  EXPECT_EQ(loaded.documents.size(), 2U);
  ASSERT_EQ(loaded.diagnostics.size(), 1U) << loaded.diagnostics.ToString();
  EXPECT_EQ(loaded.documents[1].location.line, 9);
}

// ---- bad input: each with its place ----

TEST(LoaderRefuses, MalformedYaml) {
  EXPECT_THAT(Errors("apiVersion: podwright.dev/v1\nkind: \"Widget\n"), HasSubstr("plan.yaml:"));
  EXPECT_THAT(Errors("a: b: c"), HasSubstr("plan.yaml:1:"));
  EXPECT_THAT(Errors("a: b: c"), HasSubstr("no valid YAML"));
}

TEST(LoaderRefuses, AnUnknownKeyAndNamesTheNearest) {
  EXPECT_EQ(SpecErrors("spec:\n  paylaod: x\n"),
            "plan.yaml:5:3: error: unknown field `paylaod`\n  hint: did you mean `payload`?\n");
  EXPECT_THAT(Errors("apiVersion: podwright.dev/v1\nkind: Widget\nmetadata: {name: w, lables: {}}\n"),
              HasSubstr("plan.yaml:3:21: error: metadata: unknown field `lables`\n  hint: did you mean `labels`?"));
  EXPECT_THAT(Errors(std::string(kHead) + "sepc: {}\n"), HasSubstr("plan.yaml:4:1: error: unknown field `sepc`"));
}

TEST(LoaderRefuses, AWrongType) {
  EXPECT_EQ(SpecErrors("spec:\n  fail: yes\n"), "plan.yaml:5:9: error: fail: expected true or false; found `yes`\n");
  EXPECT_THAT(SpecErrors("spec: {fail: 'true'}"), HasSubstr("take the quotes away"));
  EXPECT_THAT(SpecErrors("spec: {max_parallel: 1.5}"), HasSubstr("max_parallel: an integer is written"));
  EXPECT_THAT(SpecErrors("spec: {max_parallel: 007}"), HasSubstr("error"));
  EXPECT_THAT(SpecErrors("spec: {max_parallel: 99999999999999999999}"), HasSubstr("too large"));
  EXPECT_THAT(SpecErrors("spec: {servers: db-1}"), HasSubstr("expected a list, found `db-1`\n  hint: write [db-1]"));
  EXPECT_THAT(SpecErrors("spec: {parts: [a]}"), HasSubstr("expected names with values, found a list"));
  EXPECT_THAT(SpecErrors("spec: {payload: [a]}"), HasSubstr("expected text, found a list"));
  EXPECT_THAT(SpecErrors("spec: {coat: blue}"), HasSubstr("expected an object, found `blue`"));
  EXPECT_THAT(SpecErrors("spec: {healthy_time: 30}"), HasSubstr("a duration is a number and a unit"));
  EXPECT_THAT(SpecErrors("spec: {memory: 2GB}"), HasSubstr("a size is a number and a unit"));
  EXPECT_THAT(SpecErrors("spec: {finish: mat}"), HasSubstr("did you mean `matt`?"));
  EXPECT_THAT(SpecErrors("spec: {parts: {a: null}}"), HasSubstr("the entry has no value"));
  EXPECT_THAT(SpecErrors("spec: {servers: [null]}"), HasSubstr("servers[0]: expected text, found null"));
  EXPECT_THAT(SpecErrors("spec: [a]"), HasSubstr("expected an object, found a list"));
  EXPECT_THAT(Errors("- a\n"), HasSubstr("a document is an object"));
}

TEST(LoaderRefuses, BrokenRulesAtTheirPlace) {
  EXPECT_EQ(SpecErrors("spec:\n  max_parallel: 0\n"),
            "plan.yaml:5:17: error: max_parallel: 0 is less than the smallest value, 1\n");
  EXPECT_EQ(SpecErrors("spec:\n  coat: {layers: 2}\n"), "plan.yaml:5:9: error: coat.colour: it is required\n");
  EXPECT_THAT(SpecErrors("spec: {coat: {colour: '#000000'}, foil: {}}"),
              HasSubstr("only one of coat, foil may be set"));
}

TEST(LoaderRefuses, ADanglingReference) {
  EXPECT_EQ(
      SpecErrors("spec:\n  servers: [web-1]\n"),
      "plan.yaml:5:13: error: servers[0]: there is no server/web-1\n  hint: declare it, or take the reference out\n");
  LoadOptions known;
  known.known = {{"server", "web-1"}};
  EXPECT_TRUE(
      LoadText(TestingKinds(), std::string(kHead) + "spec: {servers: [web-1]}", "f", known).diagnostics.empty());
  EXPECT_THAT(
      LoadText(TestingKinds(), std::string(kHead) + "spec: {servers: [web-2]}", "f", known).diagnostics.ToString(),
      HasSubstr("did you mean `web-1`?"));
  LoadOptions any;
  any.allow_dangling = true;
  EXPECT_TRUE(LoadText(TestingKinds(), std::string(kHead) + "spec: {servers: [web-1]}", "f", any).diagnostics.empty());
}

TEST_F(Folder, RefusesACycleAndNamesIt) {
  Write("a.yaml", Document("a", "{needs: [b]}"));
  Write("b.yaml", Document("b", "{needs: [c]}"));
  Write("c.yaml", Document("c", "{needs: [a]}"));
  const LoadedFolder loaded = LoadFolder(TestingKinds(), root_);
  ASSERT_EQ(loaded.diagnostics.size(), 1U) << loaded.diagnostics.ToString();
  EXPECT_THAT(loaded.diagnostics.ToString(), HasSubstr("widget/a → widget/b → widget/c → widget/a"));
  EXPECT_THAT(loaded.diagnostics.ToString(), HasSubstr("c.yaml:4:16"));
}

TEST(LoaderRefuses, AnObjectThatNeedsItself) {
  EXPECT_THAT(SpecErrors("spec: {needs: [w]}"), HasSubstr("widget/w → widget/w"));
}

TEST_F(Folder, FollowsAChainAsLongAsItIs) {
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += "---\n" + Document("w" + std::to_string(i), "{needs: [w" + std::to_string((i + 1) % 3000) + "]}");
  }
  Write("chain.yaml", text);
  const LoadedFolder loaded = LoadFolder(TestingKinds(), root_);
  EXPECT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_EQ(loaded.documents.size(), 3000U);
}

TEST(LoaderRefuses, ADuplicateKeyAndNamesTheFirstPlace) {
  EXPECT_EQ(SpecErrors("spec:\n  payload: a\n  payload: b\n"),
            "plan.yaml:6:3: error: the key `payload` is there twice; first at line 5, column 3\n");
  EXPECT_THAT(SpecErrors("spec: {parts: {a: {}, a: {}}}"), HasSubstr("the key `a` is there twice"));
}

TEST_F(Folder, RefusesADuplicateObjectAndNamesTheFirstPlace) {
  Write("a.yaml", Document("x"));
  Write("b.yaml", Document("x"));
  const std::string errors = LoadFolder(TestingKinds(), root_).diagnostics.ToString();
  EXPECT_THAT(errors, HasSubstr("b.yaml:3:18: error: widget/x is declared twice; first at " + root_ + "/a.yaml:1:1"));
}

TEST(LoaderRefuses, ABadName) {
  for (const char* name : {"Web", "1web", "web_1", "''", "-web", "\"a b\""}) {
    EXPECT_THAT(Errors(std::string("apiVersion: podwright.dev/v1\nkind: Widget\nmetadata:\n  name: ") + name + "\n"),
                HasSubstr("plan.yaml:4:9: error: metadata.name: the name"))
        << name;
  }
  EXPECT_THAT(Errors("apiVersion: podwright.dev/v1\nkind: Widget\nmetadata: {name: " + std::string(64, 'a') + "}\n"),
              HasSubstr("does not match"));
  EXPECT_TRUE(Load("apiVersion: podwright.dev/v1\nkind: Widget\nmetadata: {name: " + std::string(63, 'a') + "}\n")
                  .diagnostics.empty());
}

TEST(LoaderRefuses, BadLabels) {
  const auto errors = [](const std::string& labels) {
    return Errors("apiVersion: podwright.dev/v1\nkind: Widget\nmetadata:\n  name: w\n  labels: " + labels + "\n");
  };
  EXPECT_THAT(errors("{Team: x}"), HasSubstr("plan.yaml:5:12: error: metadata.labels[\"Team\"]: a label's key"));
  EXPECT_THAT(errors("{team: 'a b'}"), HasSubstr("a label's value"));
  EXPECT_THAT(errors("[a]"), HasSubstr("expected names with values"));
  EXPECT_EQ(errors("{podwright.dev/team: Shop_1}"), "");
}

TEST(LoaderRefuses, AnOversizedDocument) {
  EXPECT_THAT(SpecErrors("spec: {payload: \"" + std::string(kMaxDocumentBytes, 'x') + "\"}"),
              HasSubstr("plan.yaml:1:1: error: the document has 1048"));
}

TEST(LoaderRefuses, TooDeepADocument) {
  EXPECT_THAT(SpecErrors("spec: " + std::string(64, '[') + std::string(64, ']')), HasSubstr("deeper than 64 levels"));
  EXPECT_THAT(Errors(std::string(500'000, '[')), HasSubstr("error"));
  EXPECT_THAT(Errors("a: " + std::string(200'000, '[') + std::string(200'000, ']')), HasSubstr("error"));
  EXPECT_THAT(Errors(std::string(500'000, '{')), HasSubstr("error"));
}

TEST(LoaderRefuses, TooManyValues) {
  EXPECT_THAT(SpecErrors("spec: [" + std::string(400'000, ',') + "]"), HasSubstr("error"));
  std::string many = "spec: [";
  for (int i = 0; i < 300'000; ++i) many += "1,";
  EXPECT_THAT(SpecErrors(many + "]"), HasSubstr("more than 200000 values"));
}

TEST(LoaderRefuses, ADocumentFullOfErrorsInNoTime) {
  std::string spec = "spec:\n";
  for (int i = 0; i < 60'000; ++i) spec += "  k" + std::to_string(i) + ": x\n";
  const LoadedFolder loaded = Load(kHead + spec);
  EXPECT_EQ(loaded.diagnostics.size(), 201U);
  EXPECT_THAT(loaded.diagnostics.ToString(), HasSubstr("further errors in this document"));
}

TEST(LoaderRefuses, InvalidUtf8WithItsPlace) {
  EXPECT_EQ(SpecErrors("spec:\n  payload: a\xff\n"), "plan.yaml:5:13: error: the text is not UTF-8\n");
  EXPECT_THAT(SpecErrors("spec: {payload: \xc0\xaf}"), HasSubstr("not UTF-8"));      // overlong
  EXPECT_THAT(SpecErrors("spec: {payload: \xed\xa0\x80}"), HasSubstr("not UTF-8"));  // a surrogate
  EXPECT_THAT(Errors(std::string("\xff\xfe"
                                 "a\0",
                                 4)),
              HasSubstr("plan.yaml:1:1: error: the text is not UTF-8"));
  EXPECT_THAT(SpecErrors(std::string("spec: {payload: \0}", 19)), HasSubstr("control characters"));
}

TEST(LoaderRefuses, AnchorsAliasesTagsMergeKeysAndDirectives) {
  EXPECT_EQ(SpecErrors("spec: {payload: &a x}"),
            "plan.yaml:4:17: error: anchors (&name) are not allowed\n  hint: write the value out where it is used\n");
  EXPECT_THAT(SpecErrors("spec: {payload: &a x, token: *a}"), HasSubstr("aliases (*name) are not allowed"));
  EXPECT_THAT(SpecErrors("spec: {payload: !!binary aGk=}"), HasSubstr("tags (!name) are not allowed"));
  EXPECT_THAT(SpecErrors("spec: {<<: {payload: x}}"), HasSubstr("merge keys (<<) are not allowed"));
  EXPECT_THAT(Errors("%YAML 1.1\n---\na: b\n"), HasSubstr("directives"));
  EXPECT_THAT(SpecErrors("spec: {? [a] : b}"), HasSubstr("a key must be a plain text"));
  EXPECT_THAT(SpecErrors("spec: {~: b}"), HasSubstr("a key cannot be null"));
}

TEST(LoaderRefuses, AnUnknownApiVersionOrKind) {
  EXPECT_THAT(
      Errors("apiVersion: podwright.dev/v2\nkind: Widget\nmetadata: {name: w}\n"),
      HasSubstr(
          "plan.yaml:1:13: error: unknown apiVersion `podwright.dev/v2`\n  hint: this program knows podwright.dev/v1"));
  EXPECT_THAT(Errors("kind: Widget\nmetadata: {name: w}\n"), HasSubstr("`apiVersion` is missing"));
  EXPECT_THAT(Errors("apiVersion: podwright.dev/v1\nkind: Widgt\nmetadata: {name: w}\n"),
              HasSubstr("plan.yaml:2:7: error: unknown kind `Widgt`\n  hint: did you mean `Widget`?"));
  EXPECT_THAT(Errors("apiVersion: podwright.dev/v1\nkind: servers\nmetadata: {name: w}\n"),
              HasSubstr("write kind: Server"));
  EXPECT_THAT(Errors("apiVersion: podwright.dev/v1\nmetadata: {name: w}\n"), HasSubstr("`kind` is missing"));
  EXPECT_THAT(Errors("apiVersion: podwright.dev/v1\nkind: Widget\n"), HasSubstr("metadata: it is missing"));
}

TEST(LoaderRefuses, ASecretValueAndDoesNotShowIt) {
  const std::string errors =
      Errors("apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: s}\nspec:\n  value: hunter2\n");
  EXPECT_THAT(errors, HasSubstr("plan.yaml:5:3: error: value: a secret value does not belong into a file"));
  EXPECT_THAT(errors, HasSubstr("podwright secret set"));
  EXPECT_THAT(errors, ::testing::Not(HasSubstr("hunter2")));
}

TEST_F(Folder, ReportsAllErrorsAtOnceByPlaceAndGivesOnlyGoodDocuments) {
  Write("b.yaml", Document("b", "{fail: 1}") + "---\n" + Document("B"));
  Write("a/c.yml", Document("c", "{payload: {}}"));
  Write("good.yaml", Document("good"));
  const LoadedFolder loaded = LoadFolder(TestingKinds(), root_);
  ASSERT_EQ(loaded.diagnostics.size(), 3U) << loaded.diagnostics.ToString();
  EXPECT_EQ(loaded.diagnostics.items()[0].location.file, root_ + "/a/c.yml");
  EXPECT_EQ(loaded.diagnostics.items()[2].location.line, 8);
  ASSERT_EQ(loaded.documents.size(), 1U);
  EXPECT_EQ(loaded.documents[0].object.name(), "good");
}

TEST_F(Folder, AReferenceToADocumentWithErrorsIsNotDangling) {
  Write("a.yaml", Document("a", "{needs: [b]}"));
  Write("b.yaml", Document("b", "{fail: 1}"));
  EXPECT_EQ(LoadFolder(TestingKinds(), root_).diagnostics.size(), 1U);
}

TEST_F(Folder, LeavesOutHiddenAndOtherFilesAndDoesNotFollowLinks) {
  Write("good.yaml", Document("good"));
  Write(".hidden.yaml", "nonsense: [");
  Write(".git/x.yaml", "nonsense: [");
  Write("notes.txt", "nonsense: [");
  Write("elsewhere/x.yaml", Document("x"));
  fs::create_symlink(fs::path(root_) / "elsewhere" / "x.yaml", fs::path(root_) / "link.yaml");
  fs::create_directory_symlink(fs::path(root_) / "elsewhere", fs::path(root_) / "linked");
  const LoadedFolder loaded = LoadFolder(TestingKinds(), root_);
  EXPECT_FALSE(loaded.diagnostics.has_errors()) << loaded.diagnostics.ToString();
  EXPECT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_THAT(loaded.diagnostics.ToString(), HasSubstr("link.yaml: warning: symbolic links are not followed"));
  EXPECT_EQ(loaded.documents.size(), 2U);
}

TEST_F(Folder, SaysWhatCannotBeRead) {
  EXPECT_THAT(LoadFolder(TestingKinds(), root_ + "/none").diagnostics.ToString(), HasSubstr("No such file"));
  EXPECT_THAT(LoadFolder(TestingKinds(), root_).diagnostics.ToString(), HasSubstr("warning: there is no .yaml"));
  EXPECT_THAT(LoadFile(TestingKinds(), root_).diagnostics.ToString(), HasSubstr("no regular file"));
}

}  // namespace
}  // namespace podwright::kinds
