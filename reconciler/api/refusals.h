// Refusals of callers that nobody knows, in the audit log: at most so many a minute, so that whoever can
// reach a listener cannot fill the disk. What went over is counted, and the count is written.
//
// Threading: any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "core/clock.h"

namespace podwright::auth {
class AuditLog;
}

namespace podwright::api {

class Refusals {
 public:
  static constexpr int kMostAMinute = 60;

  // Both must outlive it.
  Refusals(auth::AuditLog& audit, Clock& clock) : audit_(audit), clock_(clock) {}

  void Note(const std::string& actor, const std::string& verb, const std::string& workspace, const std::string& object,
            const std::string& why);

 private:
  // How many entries of the minute before were left out; nullopt-like -1: this one has to be left out.
  std::int64_t Admit();

  auth::AuditLog& audit_;
  Clock& clock_;
  std::mutex mutex_;
  SteadyTime minute_{};        // protected by mutex_: its beginning
  int written_ = 0;            // protected by mutex_: in this minute
  std::int64_t left_out_ = 0;  // protected by mutex_
};

}  // namespace podwright::api
