#include "agent/drivers/database/apt_origin.h"

#include <algorithm>
#include <sstream>

#include "agent/host/programs.h"
#include "kinds/server/apt_source_form.h"

namespace podwright::drivers::database {
namespace {

constexpr char kSays[] = "Explanation: apt_source ";
constexpr std::size_t kMaxPin = 16 * 1024;

// What one engine's packages need of each other, so that no half comes from elsewhere.
std::string PackagesOf(const std::string& engine) {
  return engine == "postgresql" ? "postgresql* libpq*" : "mariadb* libmariadb* galera* mysql-common";
}

// The one that holds the server itself.
std::string ServerPackage(const std::string& engine, const std::string& version) {
  return engine == "postgresql" ? "postgresql-" + version : "mariadb-server-core";
}

bool IsWord(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string Trimmed(const std::string& line) {
  const auto first = line.find_first_not_of(' ');
  return first == std::string::npos ? std::string() : line.substr(first);
}

struct Candidate {
  std::string version;  // empty: apt knows none
  bool from_origin = false;
};

// `apt-cache policy` has the candidate on a line of its own, then each version ("*** 15.8-1 500" or "15.8-1 500"), and
// under it, further in, a line for each place that has it: "500 https://… bookworm/main amd64 Packages".
Candidate ReadPolicy(const std::string& text, const std::string& uri) {
  Candidate candidate;
  std::istringstream lines(text);
  bool of_candidate = false;
  for (std::string line; std::getline(lines, line);) {
    const std::string words = Trimmed(line);
    if (words.starts_with("Candidate: ")) {
      candidate.version = words.substr(11);
      if (candidate.version == "(none)") candidate.version.clear();
    } else if (line.starts_with(" *** ") || (line.starts_with("     ") && !line.starts_with("      "))) {
      const std::string version = words.starts_with("*** ") ? words.substr(4) : words;
      of_candidate = version.substr(0, version.find(' ')) == candidate.version;
    } else if (of_candidate && line.starts_with("        ")) {
      const auto space = words.find(' ');
      const std::string place = space == std::string::npos ? "" : words.substr(space + 1);
      std::string wanted = uri;
      while (wanted.ends_with("/")) wanted.pop_back();
      if (place.starts_with(wanted + " ") || place.starts_with(wanted + "/")) candidate.from_origin = true;
    }
  }
  return candidate;
}

// "1:10.11.6-0+deb12u1" is 10.11.
bool IsOfMajor(std::string version, const std::string& major) {
  if (const auto colon = version.find(':'); colon != std::string::npos) version.erase(0, colon + 1);
  if (!version.starts_with(major)) return false;
  return version.size() == major.size() ||
         std::string_view(".-+~").find(version[major.size()]) != std::string_view::npos;
}

Status CheckCandidate(host::Host& host, const AptOrigin& origin, const std::string& package,
                      const std::string& version) {
  const ProcessRequest request = host::Program({"apt-cache", "policy", "--", package});
  PW_ASSIGN(const ProcessResult result, host.programs.Run(request));
  if (!result.Succeeded()) return ProcessFailure(request, result);
  const Candidate found = ReadPolicy(result.out, origin.uri);
  if (!found.from_origin) {
    return Error(ErrorCode::kNotFound,
                 "the apt source " + origin.name + " (" + origin.uri + ") has no package " + package +
                     (found.version.empty() ? "; no other source has it either"
                                            : "; apt would take " + found.version + " from elsewhere") +
                     ": apt-cache policy says\n" + result.out,
                 Retry::kAfterChange);
  }
  if (IsOfMajor(found.version, version)) return Ok();
  return FailedPrecondition("the version " + version + " is declared, and the apt source " + origin.name + " has " +
                            package + " " + found.version + ": declare that version, or name another source");
}

}  // namespace

std::string AptPinPath(const std::string& object) {
  return "/etc/apt/preferences.d/podwright-database-" + object + ".pref";
}

Result<std::string> PinnedOrigin(host::Files& files, const std::string& object) {
  PW_ASSIGN(const auto stat, files.Stat(AptPinPath(object)));
  if (!stat || stat->type != host::FileType::kFile) return std::string();
  PW_ASSIGN(const std::string text, files.Read(AptPinPath(object), kMaxPin));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kSays)) return line.substr(sizeof(kSays) - 1);
  }
  return std::string();
}

Status PinTo(host::Host& host, const std::string& object, const std::string& engine, const AptOrigin& origin,
             const std::string& version) {
  const std::string server = kinds::AptHost(origin.uri);
  if (!IsWord(origin.name) || !IsWord(origin.uri) || !IsWord(server)) {
    return InvalidArgument("\"" + origin.uri + "\" is no address of an apt source");
  }
  PW_TRY(host.files.Write(AptPinPath(object),
                          kSays + origin.name + " " + origin.uri + "\nExplanation: written by Podwright for database/" +
                              object + "\nPackage: " + PackagesOf(engine) + "\nPin: origin \"" + server +
                              "\"\nPin-Priority: 990\n",
                          {0644, "root", "root"}));
  const Status checked = CheckCandidate(host, origin, ServerPackage(engine, version), version);
  if (checked.ok()) return checked;
  PW_TRY(Unpin(host.files, object));
  return checked;
}

Status Unpin(host::Files& files, const std::string& object) {
  return files.Remove(AptPinPath(object));
}

}  // namespace podwright::drivers::database
