// One question to one member, without waiting: a connection, an http request, or the roles that a server tells.
//
// Threading: one thread at a time. Ownership: closes its socket. Errors: in plain words, for people.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/openssl.h"

namespace podwright::drivers {

enum class ProbeType { kTcp, kHttp, kRoles };

struct ProbeTarget {
  ProbeType type = ProbeType::kTcp;
  std::string address;  // a literal one: names are never looked up
  int port = 0;
  std::string path;  // of http, as all down to `tls`
  std::string host;
  int status = 0;  // 0: any from 200 to 399
  bool tls = false;
  std::chrono::milliseconds interval{2000};
  std::chrono::milliseconds timeout{2000};
  int fall = 3;
  int rise = 2;
  bool operator==(const ProbeTarget&) const = default;
};

class Probe {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class State { kReading, kWriting, kDone };  // what it waits for

  // Begins; it may be done at once.
  Probe(const ProbeTarget& target, Time now);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // The socket is ready, or the time has gone on.
  void Advance(Time now);
  State state() const { return state_; }
  int fd() const { return fd_; }
  Time deadline() const { return deadline_; }

  // When it is done.
  bool ok() const { return ok_; }
  const std::string& why() const { return why_; }      // it is not ok
  const std::string& answer() const { return read_; }  // of roles: the text

 private:
  enum class Phase { kConnecting, kHandshake, kAsking, kListening };
  void Connect();
  void Step();
  void Connected();
  void Handshake();
  void Ask();
  void Listen();
  void Judge(bool closed);
  void JudgeStatus();
  void Finish(bool ok, std::string why);
  // Bytes, 0 at the end, -1 when it has to wait, -2 on failure.
  int Send(const char* data, std::size_t size);
  int Receive(char* data, std::size_t size);
  int Wanted(int result);

  const ProbeTarget target_;
  Time deadline_;
  int fd_ = -1;
  openssl::Ssl ssl_;
  Phase phase_ = Phase::kConnecting;
  State state_ = State::kWriting;
  bool ok_ = false;
  std::string why_;
  std::string request_;
  std::string read_;
};

}  // namespace podwright::drivers
