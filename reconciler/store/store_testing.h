// For tests of what stands on a store: temporary folders, and each implementation behind one interface.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "core/clock.h"
#include "reconciler/store/faulty_store.h"
#include "reconciler/store/memory_store.h"
#include "reconciler/store/sqlite_store.h"

namespace podwright::store {

// Removed with everything in it at the end of the scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "podwright-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

enum class Kind { kMemory, kSqlite, kFaultyWithoutFaults };

inline std::string KindName(Kind kind) {
  switch (kind) {
    case Kind::kMemory: return "Memory";
    case Kind::kSqlite: return "Sqlite";
    case Kind::kFaultyWithoutFaults: return "FaultyWithoutFaults";
  }
  return "";
}

// A store of a kind, with everything it needs. `clock` must outlive it.
class StoreUnderTest {
 public:
  StoreUnderTest(Kind kind, Clock& clock) {
    if (kind == Kind::kSqlite) {
      folder_ = std::make_unique<TemporaryFolder>();
      SqliteOptions options;
      options.folder = folder_->path() / "data";
      auto opened = SqliteStore::Open(options, clock);
      if (!opened.ok()) {
        ADD_FAILURE() << opened.error().ToString();
        std::abort();
      }
      store_ = std::move(opened).value();
      return;
    }
    store_ = std::make_unique<MemoryStore>(clock);
    if (kind == Kind::kFaultyWithoutFaults) {
      base_ = std::move(store_);
      store_ = std::make_unique<FaultyStore>(*base_);
    }
  }
  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }

 private:
  std::unique_ptr<TemporaryFolder> folder_;
  std::unique_ptr<Store> base_;
  std::unique_ptr<Store> store_;
};

// What a Result holds, or a test failure and an end.
#define PW_EXPECT_OK(expr)                                           \
  do {                                                               \
    const auto& pw_expected = (expr);                                \
    EXPECT_TRUE(pw_expected.ok()) << pw_expected.error().ToString(); \
  } while (false)
#define PW_ASSERT_OK(expr)                                           \
  do {                                                               \
    const auto& pw_expected = (expr);                                \
    ASSERT_TRUE(pw_expected.ok()) << pw_expected.error().ToString(); \
  } while (false)

template <typename T>
ErrorCode CodeOf(const Result<T>& result) {
  return result.ok() ? ErrorCode::kUnknown : result.error().code();
}

}  // namespace podwright::store
