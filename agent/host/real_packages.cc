#include <sys/stat.h>

#include <sstream>

#include "agent/host/programs.h"
#include "agent/host/real_machine.h"

namespace podwright::host {
namespace {

constexpr std::chrono::seconds kAptLimit{900};
constexpr std::size_t kMostCached = 256;
constexpr char kDatabase[] = "/var/lib/dpkg/status";

std::string DatabaseStamp() {
  struct stat info {};
  if (::stat(kDatabase, &info) != 0) return "";
  return std::to_string(info.st_ino) + ":" + std::to_string(info.st_mtim.tv_sec) + "." +
         std::to_string(info.st_mtim.tv_nsec) + ":" + std::to_string(info.st_size);
}

std::vector<std::string> Apt(std::initializer_list<const char*> arguments) {
  std::vector<std::string> argv = {"apt-get",
                                   "-q",
                                   "-y",
                                   "-o",
                                   "DPkg::Lock::Timeout=300",
                                   "-o",
                                   "Dpkg::Options::=--force-confold",
                                   "-o",
                                   "Dpkg::Options::=--force-confdef"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

bool Contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// Runs apt-get; where an earlier run was killed half-way, what it left is finished first.
Result<ProcessResult> RunApt(const std::vector<std::string>& argv) {
  PW_ASSIGN(ProcessResult result, RunProcess(Program(argv, kAptLimit)));
  if (result.Succeeded() || !Contains(result.out + result.err, "dpkg --configure -a")) return result;
  PW_TRY(RunProgram({"dpkg", "--force-confold", "--force-confdef", "--configure", "-a"}, kAptLimit));
  return RunProcess(Program(argv, kAptLimit));
}

}  // namespace

Result<std::map<std::string, std::string>> AptPackages::Installed(const std::vector<std::string>& names) {
  if (names.empty()) return std::map<std::string, std::string>();
  const std::string stamp = DatabaseStamp();
  if (stamp.empty() || stamp != stamp_ || cached_.size() >= kMostCached) cached_.clear();
  if (const auto known = cached_.find(names); known != cached_.end()) return known->second;
  std::vector<std::string> argv = {"dpkg-query", "-W", "-f", "${Package}\t${Status}\t${Version}\n", "--"};
  argv.insert(argv.end(), names.begin(), names.end());
  const ProcessRequest request = Program(argv);
  PW_ASSIGN(const ProcessResult result, RunProcess(request));
  // 1: some of the names are unknown, the others are told all the same.
  if (result.exit_code > 1 || result.timed_out || result.truncated) return ProcessFailure(request, result);
  std::map<std::string, std::string> found;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find('\t');
    const auto second = line.find('\t', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string status = line.substr(first + 1, second - first - 1);
    if (status.size() >= 13 && status.compare(status.size() - 13, 13, " ok installed") == 0) {
      found[line.substr(0, first)] = line.substr(second + 1);
    }
  }
  stamp_ = stamp;
  cached_[names] = found;
  return found;
}

Status AptPackages::Install(const std::string& name, const std::string& version) {
  stamp_.clear();
  auto argv = Apt({"--no-install-recommends", "--allow-downgrades", "install", "--"});
  argv.push_back(version.empty() ? name : name + "=" + version);
  PW_ASSIGN(ProcessResult result, RunApt(argv));
  const auto unknown = [&result] {
    const std::string all = result.out + result.err;
    return Contains(all, "Unable to locate package") || Contains(all, "has no installation candidate") ||
           Contains(all, "was not found") || Contains(all, "404  Not Found") || Contains(all, "is not available");
  };
  if (!result.Succeeded() && unknown()) {
    // The lists may be missing or old.
    PW_TRY(RunProgram(Apt({"update"}), kAptLimit));
    PW_ASSIGN(result, RunApt(argv));
  }
  if (result.Succeeded()) return Ok();
  const Error failure = ProcessFailure(Program(argv), result);
  if (unknown()) return Error(ErrorCode::kNotFound, failure.message(), Retry::kAfterChange);
  return failure;
}

Status AptPackages::Remove(const std::string& name) {
  stamp_.clear();
  auto simulate = Apt({"--simulate", "remove", "--"});
  simulate.push_back(name);
  PW_ASSIGN(const std::string plan, RunForOutput(Program(simulate, kAptLimit)));
  std::istringstream lines(plan);
  std::string others;
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, 5, "Remv ") != 0) continue;
    const std::string removed = line.substr(5, line.find(' ', 5) - 5);
    if (removed != name) others += " " + removed;
  }
  if (!others.empty()) {
    return Error(ErrorCode::kFailedPrecondition,
                 "removing " + name + " would remove what depends on it:" + others + "; remove those first",
                 Retry::kBackoff);
  }
  auto argv = Apt({"remove", "--"});
  argv.push_back(name);
  PW_ASSIGN(const ProcessResult result, RunApt(argv));
  if (!result.Succeeded()) return ProcessFailure(Program(argv), result);
  return Ok();
}

}  // namespace podwright::host
