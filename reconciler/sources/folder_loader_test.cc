// The loader that remembers against one that does not, over random histories of a folder.
#include "reconciler/sources/folder_loader.h"

#include <gtest/gtest.h>

#include <random>

#include "kinds/testing/testing_kinds.h"
#include "reconciler/git/library_fetcher.h"
#include "reconciler/git/testing/repository.h"
#include "reconciler/sources/sources_fixture.h"

namespace podwright::sources {
namespace {

class FolderLoaderTest : public ::testing::Test {
 protected:
  std::string Push() {
    const std::string commit = repository.Commit("change");
    git::FetchRequest request;
    request.mirror = mirror.path();
    request.url = repository.Url();
    request.branch = "main";
    const auto fetched = git::LibraryFetcher().Fetch(request);
    EXPECT_TRUE(fetched.ok()) << fetched.error().ToString();
    return commit;
  }

  // Everything that a load says.
  static std::string Text(const Result<LoadedCommit>& loaded) {
    if (!loaded.ok()) return loaded.error().ToString();
    std::string out = loaded->folder.diagnostics.ToString();
    for (const kinds::ParsedDocument* document : loaded->folder.documents) {
      out += document->location.ToString() + " " + document->object.DebugString() + "\n";
    }
    return out;
  }

  git::testing::Repository repository;
  git::Mirror mirror{repository.folder() / "mirror"};
  kinds::LoadOptions options;
};

TEST_F(FolderLoaderTest, OnlyFilesThatChangedAreParsed) {
  for (const char* name : {"a", "b", "c"}) repository.Write(std::string(name) + ".yaml", ServerDocument(name));
  FolderLoader loader(kinds::TestingKinds());
  EXPECT_EQ(loader.Load(mirror, Push(), "", options)->parsed, 3U);
  repository.Write("b.yaml", ServerDocument("b", "other"));
  repository.Write("notes.md", "no document");
  const std::string two = Push();
  EXPECT_EQ(loader.Load(mirror, two, "", options)->parsed, 1U);
  EXPECT_EQ(loader.Load(mirror, two, "", options)->parsed, 0U);
  // A file that moved says other places.
  repository.Git({"mv", "a.yaml", "d.yaml"});
  EXPECT_EQ(loader.Load(mirror, Push(), "", options)->parsed, 1U);
}

TEST_F(FolderLoaderTest, WhatIsBeyondTheBoundIsParsedAgain) {
  for (const char* name : {"a", "b", "c"}) repository.Write(std::string(name) + ".yaml", ServerDocument(name));
  const std::string one = Push();
  FolderLoader loader(kinds::TestingKinds(), ServerDocument("a").size() * 2);
  EXPECT_EQ(loader.Load(mirror, one, "", options)->parsed, 3U);
  loader.Release();
  const auto again = loader.Load(mirror, one, "", options);
  EXPECT_EQ(again->parsed, 1U);
  EXPECT_EQ(again->folder.documents.size(), 3U);
}

unsigned Below(std::mt19937& random, unsigned most) {
  return static_cast<unsigned>(random() % most);
}

// Documents of all sorts: good, with an unknown field, with a reference to another name, without YAML.
std::string RandomFile(std::mt19937& random) {
  const auto below = [&](unsigned most) { return std::to_string(Below(random, most)); };
  std::string out;
  for (unsigned documents = Below(random, 3) + 1; documents > 0; --documents) {
    switch (Below(random, 8)) {
      case 0: out += ServerDocument("s" + below(6)) + "  filez: {}\n"; break;
      case 1: out += "kind: [\n"; break;
      case 2:
        out +=
            "apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: k" + below(4) + "}\nspec: {generator: {}}\n";
        break;
      case 3:
        out += "apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: s" + below(6) +
               "}\nspec:\n  secrets:\n    /etc/s: {secret: k" + below(4) + "}\n";
        break;
      default: out += ServerDocument("s" + below(6), "v" + below(3)); break;
    }
    out += "---\n";
  }
  return out;
}

TEST_F(FolderLoaderTest, RememberingChangesNothingOverRandomHistories) {
  int broken = 0;
  int whole = 0;
  for (unsigned seed = 1; seed <= 6; ++seed) {
    std::mt19937 random(seed);
    FolderLoader loader(kinds::TestingKinds(), Below(random, 2) == 0 ? kMostKeptBytes : 600);
    for (int step = 0; step < 12; ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(step));
      for (unsigned files = Below(random, 3) + 1; files > 0; --files) {
        const std::string name = "f" + std::to_string(Below(random, 4));
        const std::string path = (Below(random, 2) == 0 ? "deep/" : "") + name + ".yaml";
        if (Below(random, 4) == 0) {
          repository.Remove(path);
        } else if (Below(random, 6) == 0) {
          repository.Write(path, RandomFile(random));
        } else {
          repository.Write(path, ServerDocument(path.size() > 7 ? "deep-" + name : name, std::to_string(step)));
        }
      }
      const std::string commit = Push();
      FolderLoader fresh(kinds::TestingKinds());
      const auto loaded = loader.Load(mirror, commit, "", options);
      ASSERT_EQ(Text(loaded), Text(fresh.Load(mirror, commit, "", options)));
      ++(loaded.ok() && loaded->folder.diagnostics.has_errors() ? broken : whole);
      loader.Release();
    }
  }
  // The histories hold both.
  EXPECT_GT(broken, 5);
  EXPECT_GT(whole, 5);
}

}  // namespace
}  // namespace podwright::sources
