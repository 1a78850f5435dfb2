#include "agent/host/change_watcher.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace podwright::host {
namespace {

using std::chrono::milliseconds;

TEST(ChangeWatcher, AChangedFileInAWatchedFolderWakes) {
  std::string folder = (std::filesystem::temp_directory_path() / "podwright-watch-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  ChangeWatcher watcher;
  watcher.Watch({folder, folder + "/not-there"});
  std::ofstream(folder + "/a") << "x";
  EXPECT_TRUE(watcher.Wait(milliseconds(5000)));
  std::filesystem::remove(folder + "/a");
  EXPECT_TRUE(watcher.Wait(milliseconds(5000)));
  watcher.Watch({});
  std::ofstream(folder + "/b") << "x";
  watcher.Wake();
  EXPECT_FALSE(watcher.Wait(milliseconds(0)) && watcher.Wait(milliseconds(0)));
  std::filesystem::remove_all(folder);
}

TEST(ChangeWatcher, WakeEndsTheWaitWithoutAChange) {
  ChangeWatcher watcher;
  watcher.Wake();
  const auto begin = std::chrono::steady_clock::now();
  watcher.Wait(milliseconds(60'000));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace podwright::host
