// For benchmarks: podwrightd in this process, on ports and in a folder of its own under the working folder, and
// a client of it with the administrator's token.
//
// Threading: made and destroyed by one thread; the client may be called from any. What fails while it is made ends
// the program with the reason.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "bench/fail.h"
#include "client/control.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/daemon/daemon.h"

namespace podwright::bench {

class Installation {
 public:
  Installation();
  ~Installation();
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  client::Control& control() { return *control_; }
  // The text of a new enrolment token.
  std::string EnrolmentToken(const std::string& server);
  // Returns once the server's agent is connected.
  void AwaitAgent(const std::string& server);
  // One server with one managed file.
  v1::ApplyRequest FileOn(const std::string& server, const std::string& path, const std::string& content) const;
  // Returns once the run has ended; anything but success ends the program.
  void AwaitRun(const std::string& run);

 private:
  std::filesystem::path folder_;
  std::unique_ptr<daemon::Daemon> daemon_;
  std::unique_ptr<client::Control> control_;
};

}  // namespace podwright::bench
