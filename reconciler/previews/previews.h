// The previews of podwrightd: every open pull request on the branch of a Git source with `pull_requests` is answered
// with what merging it would do: a commit status and one comment, edited in place. They are made again when the head,
// the base or a fact that plans depend on changes.
//
// Truth is in the store (ledgers) and at the forge. Nothing here changes desired objects.
//
// Threading: all methods may be called from any thread. After Start threads of its own do the work; without Start
// nothing moves but by RunDue and Ask (tests).
// Errors: kNotFound: no such source, pull request or page. Who may do what is the caller's to check.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "podwright/v1/source.pb.h"
#include "reconciler/control/keys.h"
#include "reconciler/previews/look.h"

namespace podwright::previews {

// All must outlive the Previews.
struct Dependencies {
  store::Store& store;
  Clock& clock;
  Random& random;
  const kinds::Registry& kinds;
  control::ControlPlane& control;
  git::Fetcher& fetcher;          // one fetch into a mirror at a time: git::SerialFetcher, shared with the sources
  std::filesystem::path mirrors;  // of the sources
  OpenForge open_forge;
};

struct Options {
  unsigned threads = 2;                    // sources whose pull requests are looked at at the same time
  std::string public_url{};                // "https://podwright.example.org", for links to pages; "": there are none
  std::chrono::milliseconds refresh{500};  // how often sources and facts are looked at
  // Between looks that facts or webhooks ask for; and never more than a tenth of the time is spent on one source.
  std::chrono::milliseconds gap{1'000};
  std::chrono::milliseconds backoff_first{5'000};
  std::chrono::milliseconds backoff_most{300'000};
  std::chrono::milliseconds ask_patience{20'000};
};

class Previews {
 public:
  explicit Previews(const Dependencies& dependencies, const Options& options = {});
  ~Previews();
  Previews(const Previews&) = delete;
  Previews& operator=(const Previews&) = delete;

  void Start();
  // Looks that run are waited for: end the forges' and the fetcher's waits first.
  void Stop();
  // Every look that is due now, on the caller's thread; answers how many there were. Not after Start.
  int RunDue();
  // When the clock alone makes something due.
  std::optional<SteadyTime> NextDue();

  // A webhook came.
  void Wake(const std::string& workspace, const std::string& source);
  // Has the forge asked now, and waits until the ledgers hold the answer, at most Options::ask_patience. A forge that
  // does not answer is no reason to wait longer: what is known then has to do.
  void Ask(const control::ObjectId& source);

  // Adds the pull requests.
  void Fill(v1::SourceView* view);
  // With its text.
  Result<v1::PullRequestView> Get(const std::string& workspace, const std::string& source, std::uint64_t number);
  // The page behind a link. kNotFound, whatever is wrong.
  Result<std::string> Page(const std::string& workspace, const std::string& source, std::uint64_t number,
                           const std::string& token);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace podwright::previews
