// What tests and benches of previews share: a repository made by git, a forge, agents and a control plane in memory, a
// clock moved by hand. What must not fail aborts.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "kinds/testing/testing_kinds.h"
#include "podwright/v1/kinds/git_source.pb.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "reconciler/control/testing/world.h"
#include "reconciler/forge/testing/memory_forge.h"
#include "reconciler/git/library_fetcher.h"
#include "reconciler/git/serial_fetcher.h"
#include "reconciler/git/testing/repository.h"
#include "reconciler/previews/previews.h"
#include "reconciler/sources/sources.h"

namespace podwright::previews::testing {

inline std::string ServerDocument(const std::string& name, const std::string& content = "hello") {
  return "apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: " + name +
         "}\nspec:\n  files:\n    /etc/motd: {content: \"" + content + "\"}\n";
}

// A forge that a test keeps while it is opened again and again.
class SharedForge final : public forge::Forge {
 public:
  explicit SharedForge(forge::Forge& real) : real_(real) {}
  forge::ForgeType type() const override { return real_.type(); }
  const forge::Limits& limits() const override { return real_.limits(); }
  Result<std::vector<forge::PullRequest>> ListOpen(const std::string& branch, std::size_t most) override {
    return real_.ListOpen(branch, most);
  }
  Result<forge::PullRequest> Get(std::int64_t number) override { return real_.Get(number); }
  Result<std::vector<forge::Comment>> ListComments(std::int64_t number, WallTime since) override {
    return real_.ListComments(number, since);
  }
  Result<forge::Comment> CreateComment(std::int64_t number, const std::string& body, const forge::Pace& pace) override {
    return real_.CreateComment(number, body, pace);
  }
  Result<forge::Comment> EditComment(std::int64_t number, std::int64_t id, const std::string& body,
                                     const forge::Pace& pace) override {
    return real_.EditComment(number, id, body, pace);
  }
  Status DeleteComment(std::int64_t number, std::int64_t id, const forge::Pace& pace) override {
    return real_.DeleteComment(number, id, pace);
  }
  Status SetStatus(const std::string& sha, const forge::CommitStatus& status, const forge::Pace& pace) override {
    return real_.SetStatus(sha, status, pace);
  }
  Result<forge::Permission> PermissionOf(const std::string& login) override { return real_.PermissionOf(login); }
  Result<std::string> BotLogin() override { return real_.BotLogin(); }
  SteadyTime WriteAt(forge::Urgency urgency) override { return real_.WriteAt(urgency); }
  SteadyTime RetryAt() override { return real_.RetryAt(); }

 private:
  forge::Forge& real_;
};

class PreviewWorld {
 public:
  PreviewWorld() {
    spec.set_url(repository.Url());
    spec.set_interval(60'000);
    auto* pulls = spec.mutable_pull_requests();
    pulls->set_forge("github");
    pulls->set_repository("acme/plans");
    pulls->set_secret("forge-token");
    pulls->set_interval(60'000);
    forge.SetPermission("ada", forge::Permission::kWrite);
    world.AddAgent("web");
    world.AddAgent("db");
    Restart();
  }

  // As after kill -9.
  void Restart() {
    previews.reset();
    sources.reset();
    Options options;
    options.public_url = public_url;
    previews = std::make_unique<Previews>(
        Dependencies{world.memory_store, world.clock, world.random, kinds::TestingKinds(), world.control(), fetcher,
                     repository.folder() / "mirrors",
                     [this](const forge::ForgeSettings&) -> Result<std::unique_ptr<forge::Forge>> {
                       return std::unique_ptr<forge::Forge>(std::make_unique<SharedForge>(forge));
                     }},
        options);
    sources = std::make_unique<sources::Sources>(sources::Dependencies{
        world.memory_store, world.clock, world.random, kinds::TestingKinds(), world.control(), fetcher,
        repository.folder() / "mirrors", [this](const control::ObjectId& source) { previews->Ask(source); }});
  }

  // main with the server `web`, applied and converged.
  void Begin() {
    repository.Write("web.yaml", ServerDocument("web"));
    repository.Commit("one");
    v1::ApplyRequest request = world.Request("cli:sources");
    v1::kinds::SecretSpec secret;
    secret.set_value("forge-secret-value");
    control::testing::World::Put(&request, "secret", "forge-token", secret);
    control::testing::World::Put(&request, "git_source", "plans", spec);
    const auto applied = world.Apply(request);
    if (!applied.ok()) Die("apply: " + applied.error().ToString());
    Pass(std::chrono::seconds(10));
    if (Source().state() != "synced") Die("the source is " + Source().state() + ": " + Source().problem().message());
  }

  // Time goes by and everything does what is due.
  void Pass(std::chrono::milliseconds time) {
    const SteadyTime end = world.clock.Steady() + time;
    while (true) {
      sources->RunDue();
      world.Settle();
      previews->RunDue();
      world.Settle();
      SteadyTime next = end;
      for (const auto& due : {sources->NextDue(), previews->NextDue()}) {
        if (due) next = std::min(next, *due);
      }
      next = std::max(next, world.clock.Steady() + std::chrono::milliseconds(1));
      if (next >= end) break;
      world.Advance(std::chrono::ceil<std::chrono::milliseconds>(next - world.clock.Steady()));
    }
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(end - world.clock.Steady());
    if (rest.count() > 0) world.Advance(rest);
  }
  void PassInterval() { Pass(std::chrono::seconds(90)); }

  // A branch from main with one file, and its pull request.
  std::int64_t Open(const std::string& branch, const std::string& path, const std::string& text, bool fork = false) {
    repository.Git({"checkout", "-q", "-b", branch, "main"});
    repository.Write(path, text);
    const std::string head = repository.Commit("change " + path);
    repository.Git({"checkout", "-q", "main"});
    forge::PullRequest pull;
    pull.title = "Change " + path;
    pull.author = fork ? "stranger" : "ada";
    pull.from_fork = fork;
    pull.head_sha = head;
    pull.head_branch = branch;
    pull.base_branch = "main";
    const std::int64_t number = forge.AddPull(pull);
    repository.Git({"update-ref", "refs/pull/" + std::to_string(number) + "/head", head});
    return number;
  }
  // A further commit on its branch.
  std::string Push(std::int64_t number, const std::string& branch, const std::string& path, const std::string& text) {
    repository.Git({"checkout", "-q", branch});
    repository.Write(path, text);
    std::string head = repository.Commit("more");
    repository.Git({"checkout", "-q", "main"});
    repository.Git({"update-ref", "refs/pull/" + std::to_string(number) + "/head", head});
    forge.ChangePull(number, [&](forge::PullRequest& pull) { pull.head_sha = head; });
    return head;
  }
  void Direct(const std::string& path, const std::string& text) {
    repository.Git({"checkout", "-q", "main"});
    repository.Write(path, text);
    repository.Commit("direct");
  }
  void MarkMerged(std::int64_t number) {
    const std::string commit = repository.Head();
    forge.ChangePull(number, [&](forge::PullRequest& pull) {
      pull.state = forge::PullRequestState::kMerged;
      pull.merge_commit = commit;
    });
  }
  void Merge(std::int64_t number, const std::string& branch) {
    repository.Git({"merge", "-q", "--no-ff", "-m", "merge " + branch, branch});
    MarkMerged(number);
  }
  void Squash(std::int64_t number, const std::string& branch) {
    repository.Git({"merge", "-q", "--squash", branch});
    repository.Commit("squashed " + branch);
    MarkMerged(number);
  }

  v1::SourceView Source() {
    auto view = sources->Get("default", "plans");
    if (!view.ok()) Die(view.error().ToString());
    previews->Fill(&*view);
    return *view;
  }
  v1::PullRequestView Pull(std::int64_t number) {
    const auto view = previews->Get("default", "plans", static_cast<std::uint64_t>(number));
    if (!view.ok()) Die(view.error().ToString());
    return *view;
  }
  std::string Digest(std::int64_t number) { return HexEncode(Pull(number).digest()); }
  // Those of ours.
  std::vector<std::string> Comments(std::int64_t number) {
    std::vector<std::string> out;
    for (const podwright::forge::Comment& comment : forge.comments(number)) {
      if (comment.author == "podwright-bot") out.push_back(comment.body);
    }
    return out;
  }
  std::string Comment(std::int64_t number) {
    const auto all = Comments(number);
    return all.size() == 1 ? all.front() : std::to_string(all.size()) + " comments";
  }
  forge::CommitStatus Status(const std::string& sha) {
    forge::CommitStatus out;
    out.description = "none";
    for (const auto& written : forge.statuses()) {
      if (written.sha == sha) out = written.status;
    }
    return out;
  }
  std::string Motd(const std::string& server) { return world.link.Find(server)->files["/etc/motd"].content(); }

  [[noreturn]] static void Die(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::abort();
  }

  control::testing::World world;
  git::testing::Repository repository;
  git::LibraryFetcher library;
  git::SerialFetcher fetcher{library};
  forge::testing::MemoryForge forge{world.clock};
  v1::kinds::GitSourceSpec spec;
  std::string public_url;
  std::unique_ptr<Previews> previews;
  std::unique_ptr<sources::Sources> sources;
};

}  // namespace podwright::previews::testing
