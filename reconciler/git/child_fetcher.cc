#include "reconciler/git/child_fetcher.h"

#include <cstdlib>
#include <system_error>

#include "core/process.h"
#include "reconciler/git/fetch_message.h"

namespace podwright::git {
namespace {

// A folder that goes with the call.
class Scratch {
 public:
  explicit Scratch(const std::filesystem::path& parent) {
    std::error_code error;
    std::filesystem::create_directories(parent, error);
    std::string name = (parent / "fetch-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Scratch() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void PassOn(const char* name, std::map<std::string, std::string>* environment) {
  if (const char* value = std::getenv(name)) (*environment)[name] = value;
}

}  // namespace

Result<std::string> ChildFetcher::Fetch(const FetchRequest& request) {
  const Scratch scratch(scratch_);
  if (scratch.path().empty()) return Unavailable("cannot make a folder in " + scratch_.string());
  ProcessRequest run;
  run.argv = {program_, "git-fetch"};
  run.base_environment = BaseEnvironment::kEmpty;
  run.env = {{"HOME", scratch.path()}, {"PATH", "/usr/bin:/bin"}};
  for (const char* name : {"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "ASAN_OPTIONS"})
    PassOn(name, &run.env);
  run.stdin_bytes = EncodeRequest(request);
  run.deadline = std::chrono::steady_clock::now() + request.timeout;
  run.cancel = stop_.get_token();
  run.grace = std::chrono::milliseconds(200);
  run.max_output = 64 << 10;
  Result<ProcessResult> result = RunProcess(run);
  run.stdin_bytes.assign(run.stdin_bytes.size(), '\0');
  PW_TRY(result);
  if (result->timed_out) {
    return DeadlineExceeded("fetch " + request.url + ": it took longer than " +
                            std::to_string(request.timeout.count() / 1000) + " s (`timeout` of the source)");
  }
  if (result->cancelled) return Cancelled("fetch " + request.url + ": podwrightd stops");
  if (!result->Succeeded()) return ProcessFailure(run, *result).Wrap("fetch " + request.url);
  return DecodeAnswer(result->out);
}

}  // namespace podwright::git
