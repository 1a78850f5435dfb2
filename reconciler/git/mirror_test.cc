// Reading what others wrote: histories, folders, and what must not be in them.
#include "reconciler/git/mirror.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "reconciler/git/library_fetcher.h"
#include "reconciler/git/testing/repository.h"

namespace podwright::git {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class MirrorTest : public ::testing::Test {
 protected:
  Result<std::string> Fetch() {
    FetchRequest request;
    request.mirror = mirror.path();
    request.url = repository.Url();
    request.branch = "main";
    return LibraryFetcher().Fetch(request);
  }
  // The head, fetched.
  std::string Fetched() {
    Result<std::string> head = Fetch();
    EXPECT_TRUE(head.ok()) << head.error().ToString();
    return head.ok() ? *head : "";
  }
  std::string ReadError(const std::string& folder = "", const FolderLimits& limits = {}) {
    const auto files = mirror.Read(Fetched(), folder, limits);
    return files.ok() ? "" : files.error().ToString();
  }
  static std::vector<std::string> Paths(const std::vector<FolderFile>& files) {
    std::vector<std::string> paths;
    for (const FolderFile& file : files) paths.push_back(file.path);
    return paths;
  }
  // An entry of a tree as Git stores it.
  static std::string Entry(const std::string& mode, const std::string& name, const std::string& id) {
    std::string out = mode + " " + name + std::string(1, '\0');
    for (std::size_t i = 0; i < id.size(); i += 2) out += static_cast<char>(std::stoi(id.substr(i, 2), nullptr, 16));
    return out;
  }
  // As no program of Git's makes it.
  std::string MakeTree(const std::string& entries) {
    repository.Write("crafted", entries);
    return repository.Git({"hash-object", "-t", "tree", "-w", "--literally", "crafted"});
  }
  // A commit whose folder `prod` is such a tree.
  void Craft(const std::string& entries) {
    const std::string root = MakeTree(Entry("40000", "prod", MakeTree(entries)));
    repository.Git({"update-ref", "HEAD", repository.Git({"commit-tree", root, "-p", "HEAD", "-m", "crafted"})});
  }

  testing::Repository repository;
  Mirror mirror{repository.folder() / "mirrors" / "a.git"};
};

TEST_F(MirrorTest, AFolderIsReadWithoutWhatIsHiddenAndWhatIsNoDocument) {
  repository.Write("prod/b.yaml", "b");
  repository.Write("prod/deep/a.yml", "a");
  repository.Write("prod/.hidden.yaml", "h");
  repository.Write("prod/.github/c.yaml", "c");
  repository.Write("prod/notes.md", "n");
  repository.Write("other/d.yaml", "d");
  repository.Commit("one");
  const auto files = mirror.Read(Fetched(), "prod");
  ASSERT_TRUE(files.ok()) << files.error().ToString();
  EXPECT_THAT(Paths(*files), ElementsAre("prod/b.yaml", "prod/deep/a.yml"));
  EXPECT_EQ(files->at(1).text, "a");
  EXPECT_THAT(mirror.Read(Fetched(), "").value(), SizeIs(3));
}

TEST_F(MirrorTest, AFolderThatIsNotThereIsNamed) {
  repository.Write("prod/b.yaml", "b");
  repository.Commit("one");
  EXPECT_THAT(ReadError("test/x"), HasSubstr("there is no folder test"));
  EXPECT_THAT(ReadError("prod/b.yaml"), HasSubstr("prod/b.yaml is no folder"));
}

TEST_F(MirrorTest, LinksAndSubmodulesAreRefused) {
  repository.Write("prod/b.yaml", "b");
  std::filesystem::create_symlink("/etc/passwd", repository.folder() / "plans/prod/out.yaml");
  const std::string one = repository.Commit("one");
  EXPECT_THAT(ReadError("prod"), HasSubstr("prod/out.yaml: symbolic links"));
  repository.Remove("prod/out.yaml");
  std::filesystem::create_symlink("..", repository.folder() / "plans/prod/up");
  repository.Commit("two");
  EXPECT_THAT(ReadError("prod"), HasSubstr("prod/up: symbolic links"));
  repository.Remove("prod/up");
  repository.Git({"update-index", "--add", "--cacheinfo", "160000," + one + ",prod/sub"});
  repository.Git({"commit", "-q", "-m", "three"});
  EXPECT_THAT(ReadError("prod"), HasSubstr("prod/sub: submodules"));
  EXPECT_THAT(ReadError("prod/sub"), HasSubstr("no folder"));
}

TEST_F(MirrorTest, SizesAreBoundedBeforeAnythingIsUnpacked) {
  repository.Write("big.yaml", std::string(5000, 'x'));
  repository.Write("a/small.yaml", "x");
  repository.Commit("one");
  EXPECT_THAT(ReadError("", {.files = 1}), HasSubstr("more than 1 documents"));
  EXPECT_THAT(ReadError("", {.file_bytes = 4000}), HasSubstr("big.yaml: the file is larger"));
  EXPECT_THAT(ReadError("", {.all_bytes = 4000}), HasSubstr("larger than"));
  EXPECT_THAT(ReadError("", {.depth = 0}), HasSubstr("nested deeper"));
}

TEST_F(MirrorTest, AHugeFileThatPacksSmallIsNotUnpacked) {
  repository.Write("a.yaml", "a");
  repository.Write("bomb.yaml", std::string(std::size_t{40} << 20, '#'));
  repository.Commit("one");
  EXPECT_THAT(ReadError(), HasSubstr("bomb.yaml: the file is larger than 16 MiB"));
}

TEST_F(MirrorTest, TreesThatNoGitWouldMakeLeadNowhere) {
  repository.Write("secret.yaml", "outside");
  repository.Write("prod/a.yaml", "a");
  repository.Commit("one");
  const std::string root = repository.Git({"rev-parse", "HEAD^{tree}"});
  const std::string blob = repository.Git({"rev-parse", "HEAD:secret.yaml"});
  const std::string file = Entry("100644", "a.yaml", blob);
  // "..", as a folder and as a file, is hidden like every name that begins with a dot.
  Craft(Entry("40000", "..", root) + file);
  EXPECT_THAT(Paths(mirror.Read(Fetched(), "prod").value()), ElementsAre("prod/a.yaml"));
  Craft(Entry("120000", "..", blob) + file);
  EXPECT_THAT(Paths(mirror.Read(Fetched(), "prod").value()), ElementsAre("prod/a.yaml"));
  // A name that holds a way.
  Craft(file + Entry("100644", "x/../../etc/cron.d/y.yaml", blob));
  EXPECT_THAT(ReadError("prod"), HasSubstr("this is no name of a file"));
  // A folder that says that it is a file.
  Craft(Entry("100644", "a.yaml", root));
  EXPECT_THAT(ReadError("prod"), HasSubstr("prod/a.yaml: it is no file"));
}

TEST_F(MirrorTest, AFolderThatUnfoldsIntoBillionsOfFilesIsLeft) {
  repository.Write("a.txt", "a");
  repository.Commit("one");
  std::string id = repository.Git({"rev-parse", "HEAD:a.txt"});
  std::string entries;
  for (int level = 0; level < 10; ++level) {
    entries.clear();
    for (char name = 'a'; name <= 'z'; ++name) entries += Entry(level == 0 ? "100644" : "40000", {name}, id);
    id = MakeTree(entries);
  }
  Craft(entries);
  EXPECT_THAT(ReadError("prod", {.files = 100}), HasSubstr("there are more than 2000 files"));
}

TEST_F(MirrorTest, ACommitThatIsLargerThanAnyIsNotUnpacked) {
  repository.Write("message", std::string(std::size_t{3} << 20, 'x'));
  repository.Git({"commit", "-q", "--allow-empty", "-F", "message"});
  const auto info = mirror.Describe(Fetched());
  EXPECT_EQ(info.error().code(), ErrorCode::kResourceExhausted);
}

TEST_F(MirrorTest, HistoriesAreCompared) {
  const std::string one = repository.Commit("one");
  const std::string two = repository.Commit("two");
  Fetched();
  EXPECT_EQ(mirror.Compare(one, one).value(), Relation::kSame);
  EXPECT_EQ(mirror.Compare(one, two).value(), Relation::kAhead);
  EXPECT_EQ(mirror.Compare(two, one).value(), Relation::kBehind);
  repository.Git({"reset", "-q", "--hard", one});
  const std::string other = repository.Commit("other");
  EXPECT_EQ(Fetched(), other);
  EXPECT_EQ(mirror.Compare(two, other).value(), Relation::kDiverged);
  // A mirror that was made anew knows nothing of the commit that was rewritten away.
  ASSERT_TRUE(mirror.Remove().ok());
  Fetched();
  EXPECT_EQ(mirror.Compare(two, other).value(), Relation::kUnknown);
}

TEST_F(MirrorTest, EveryCommitThatABranchBringsIsListedAlsoThoseOfMerges) {
  const std::string one = repository.Commit("one");
  repository.Git({"checkout", "-q", "-b", "side"});
  const std::string side = repository.Commit("side");
  repository.Git({"checkout", "-q", "main"});
  const std::string two = repository.Commit("two");
  repository.Git({"merge", "-q", "--no-ff", "-m", "merge", "side"});
  const std::string merge = Fetched();
  EXPECT_THAT(mirror.Between(one, merge, 10).value(), ::testing::UnorderedElementsAre(merge, two, side));
  EXPECT_EQ(mirror.Between(one, merge, 10).value().front(), merge);
  EXPECT_THAT(mirror.Between("", merge, 10).value(), ElementsAre(merge));
  EXPECT_THAT(mirror.Between(merge, merge, 10).value(), IsEmpty());
  EXPECT_EQ(mirror.Between(one, merge, 2).error().code(), ErrorCode::kResourceExhausted);
}

TEST_F(MirrorTest, ACommitIsFoundByItsFirstDigits) {
  const std::string one = repository.Commit("the subject\n\nmore");
  Fetched();
  EXPECT_EQ(mirror.Resolve(one.substr(0, 9)).value(), one);
  EXPECT_EQ(mirror.Resolve("abc").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(mirror.Resolve("HEAD~1").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(mirror.Resolve(std::string(40, '0')).error().code(), ErrorCode::kNotFound);
  const CommitInfo info = mirror.Describe(one).value();
  EXPECT_EQ(info.subject, "the subject");
  EXPECT_EQ(info.author, "Ada <ada@example.org>");
}

TEST_F(MirrorTest, ABrokenMirrorIsDataLossAndComesBackWhole) {
  repository.Write("a.yaml", "a");
  const std::string one = repository.Commit("one");
  Fetched();
  std::filesystem::remove_all(mirror.path() / "objects");
  std::filesystem::create_directories(mirror.path() / "objects");
  EXPECT_FALSE(mirror.Read(one, "").ok());
  ASSERT_TRUE(mirror.Remove().ok());
  EXPECT_EQ(Fetched(), one);
  EXPECT_THAT(mirror.Read(one, "").value(), SizeIs(1));
}

}  // namespace
}  // namespace podwright::git
