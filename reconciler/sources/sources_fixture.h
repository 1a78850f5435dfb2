// What the tests of sources share: a repository made by git, a clock moved by hand, a control plane in memory.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "kinds/testing/testing_kinds.h"
#include "podwright/v1/kinds/git_source.pb.h"
#include "reconciler/control/testing/world.h"
#include "reconciler/git/library_fetcher.h"
#include "reconciler/git/testing/repository.h"
#include "reconciler/sources/sources.h"

namespace podwright::sources {

inline std::string ServerDocument(const std::string& name, const std::string& content = "hello") {
  return "apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: " + name +
         "}\nspec:\n  files:\n    /etc/motd: {content: " + content + "}\n";
}

// Fails as often as it is told to. Sources fetch on threads of their own; its members are read and set while none runs.
class ScriptedFetcher final : public git::Fetcher {
 public:
  Result<std::string> Fetch(const git::FetchRequest& request) override {
    {
      const std::lock_guard lock(mutex_);
      ++fetches;
      secret = std::string(request.secret.Reveal());
      if (failures > 0 && failures-- > 0) return Unavailable("the network is down");
    }
    return real_.Fetch(request);
  }
  int fetches = 0;
  int failures = 0;
  std::string secret;

 private:
  std::mutex mutex_;
  git::LibraryFetcher real_;
};

class SourcesTest : public ::testing::Test {
 protected:
  SourcesTest() {
    spec.set_url(repository.Url());
    spec.set_interval(60'000);
    Restart();
  }

  void Restart() {
    sources =
        std::make_unique<Sources>(Dependencies{world.memory_store, world.clock, world.random, kinds::TestingKinds(),
                                               world.control(), fetcher, repository.folder() / "mirrors"});
  }
  void PutSource() {
    v1::ApplyRequest request = world.Request("cli:sources");
    control::testing::World::Put(&request, "git_source", "plans", spec);
    const auto applied = world.Apply(request);
    ASSERT_TRUE(applied.ok()) << applied.error().ToString();
    sources->RunDue();
    world.Settle();
  }
  // The source's next look, an interval and a tenth later.
  void NextLook() {
    world.Advance(std::chrono::milliseconds(spec.interval() * 11 / 10 + 1));
    sources->RunDue();
    world.Settle();
  }
  v1::SourceView View() {
    auto view = sources->Get("default", "plans");
    EXPECT_TRUE(view.ok());
    return view.ok() ? *view : v1::SourceView();
  }
  std::string Problem() { return View().problem().reason(); }
  std::string Message() { return View().problem().message(); }
  std::string Applied() { return View().applied().commit(); }
  bool Wanted(const std::string& server) {
    return world.Exists("server", server) && world.Get("server", server).object().lifecycle() == v1::LIFECYCLE_LIVE;
  }
  void Pin(const std::string& commit) {
    v1::PinSourceRequest request;
    request.set_workspace("default");
    request.set_name("plans");
    request.set_commit(commit);
    request.set_reason("it broke");
    const auto pinned = sources->Pin("token:ada", request);
    ASSERT_TRUE(pinned.ok()) << pinned.error().ToString();
    sources->RunDue();
    world.Settle();
  }

  control::testing::World world;
  git::testing::Repository repository;
  ScriptedFetcher fetcher;
  v1::kinds::GitSourceSpec spec;
  std::unique_ptr<Sources> sources;
};

}  // namespace podwright::sources
