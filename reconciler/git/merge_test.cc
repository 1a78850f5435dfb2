// Merges that are not made, and references beside the branch.
#include "reconciler/git/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/git/library_fetcher.h"
#include "reconciler/git/serial_fetcher.h"
#include "reconciler/git/testing/repository.h"

namespace podwright::git {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

template <typename T>
T Or(const Result<T>& result, T otherwise) {
  return result.ok() ? *result : otherwise;
}

using Strings = std::vector<std::string>;

class MergeTest : public ::testing::Test {
 protected:
  // main with a.yaml and b.yaml, and a branch `change` from there.
  MergeTest() {
    repository.Write("a.yaml", "a\n");
    repository.Write("b.yaml", "b\n");
    first = repository.Commit("one");
    repository.Git({"checkout", "-q", "-b", "change"});
  }

  std::string OnMain(const std::string& path, const std::string& text) {
    repository.Git({"checkout", "-q", "main"});
    repository.Write(path, text);
    return repository.Commit("main " + path);
  }
  std::string OnChange(const std::string& path, const std::string& text) {
    repository.Git({"checkout", "-q", "change"});
    repository.Write(path, text);
    return repository.Commit("change " + path);
  }
  // As a forge keeps it for a pull request.
  void Publish(const std::string& commit) { repository.Git({"update-ref", "refs/pull/7/head", commit}); }
  std::string Fetch() {
    FetchRequest request;
    request.mirror = mirror.path();
    request.url = repository.Url();
    request.branch = "main";
    request.references = {"refs/pull/7/head", "refs/pull/8/head"};
    SerialFetcher serial(fetcher);
    const auto head = serial.Fetch(request);
    EXPECT_TRUE(head.ok()) << head.error().ToString();
    return Or(head, std::string());
  }

  testing::Repository repository;
  LibraryFetcher fetcher;
  Mirror mirror{repository.folder() / "mirrors" / "a.git"};
  std::string first;
};

TEST_F(MergeTest, APullRequestsHeadComesWithTheBranchAndItsMergeHasBothChanges) {
  const std::string head = OnChange("a.yaml", "changed\n");
  const std::string base = OnMain("c.yaml", "c\n");
  Publish(head);
  EXPECT_EQ(Fetch(), base);
  ASSERT_TRUE(mirror.Describe(head).ok());
  const auto merged = MergeTrees(mirror, base, head);
  ASSERT_TRUE(merged.ok()) << merged.error().ToString();
  EXPECT_THAT(merged->conflicts, IsEmpty());
  const auto files = mirror.Read(merged->tree, "");
  ASSERT_TRUE(files.ok());
  ASSERT_THAT(*files, SizeIs(3));
  EXPECT_EQ((*files)[0].text, "changed\n");
  repository.Git({"checkout", "-q", "main"});
  repository.Git({"merge", "-q", "--squash", "change"});
  const std::string squashed = repository.Commit("squashed");
  Fetch();
  EXPECT_EQ(Or(TreeOf(mirror, squashed), std::string()), merged->tree);
}

TEST_F(MergeTest, AConflictNamesItsFiles) {
  const std::string head = OnChange("a.yaml", "one way\n");
  const std::string base = OnMain("a.yaml", "another way\n");
  Publish(head);
  Fetch();
  const auto merged = MergeTrees(mirror, base, head);
  ASSERT_TRUE(merged.ok()) << merged.error().ToString();
  EXPECT_EQ(merged->tree, "");
  EXPECT_THAT(merged->conflicts, ElementsAre("a.yaml"));
}

TEST_F(MergeTest, HistoriesThatHaveNothingInCommonAreNamed) {
  repository.Git({"checkout", "-q", "--orphan", "stranger"});
  repository.Write("x.yaml", "x\n");
  const std::string head = repository.Commit("from nowhere");
  Publish(head);
  repository.Git({"checkout", "-q", "main"});
  const auto merged = MergeTrees(mirror, Fetch(), head);
  ASSERT_FALSE(merged.ok());
  EXPECT_EQ(merged.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(merged.error().ToString(), HasSubstr("no common history"));
}

TEST_F(MergeTest, TheBranchsOwnWayLeavesOutWhatMergesBring) {
  const std::string head = OnChange("a.yaml", "changed\n");
  const std::string direct = OnMain("c.yaml", "c\n");
  repository.Git({"merge", "-q", "--no-ff", "-m", "merged", "change"});
  const std::string merge = repository.Head();
  EXPECT_EQ(Fetch(), merge);
  EXPECT_THAT(Or(FirstParents(mirror, first, merge, 10), Strings{}), ElementsAre(direct, merge));
  EXPECT_THAT(Or(FirstParents(mirror, merge, merge, 10), Strings{"x"}), IsEmpty());
  EXPECT_THAT(Or(FirstParents(mirror, head, merge, 10), Strings{"x"}), IsEmpty());
  EXPECT_THAT(Or(FirstParents(mirror, first, merge, 1), Strings{"x"}), IsEmpty());
}

}  // namespace
}  // namespace podwright::git
