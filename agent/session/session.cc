#include "agent/session/session.h"

#include <algorithm>

#include "agent/engine/engine.h"
#include "agent/session/agent_stream.h"
#include "agent/session/channel.h"
#include "agent/session/enrolment.h"
#include "agent/session/identity.h"
#include "core/log.h"
#include "core/log_keys.h"

namespace podwright::agent {

namespace key = log::key;

Session::Session(SessionOptions options, v1::AgentIdentity identity, Engine& engine, Clock& clock, Random& random)
    : options_(std::move(options)),
      engine_(engine),
      clock_(clock),
      random_(random),
      identity_(std::move(identity)),
      renewal_(clock, random) {
  renewal_.Installed(FromUnixMillis(identity_.issued_unix_ms()), FromUnixMillis(identity_.not_after_unix_ms()));
}

Session::~Session() = default;

void Session::Stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  wake_.notify_all();
}

bool Session::Stopped() {
  std::lock_guard lock(mutex_);
  return stopped_;
}

void Session::Sleep(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, time, [this] { return stopped_; });
}

void Session::RenewIfDue() {
  if (!renewal_.Due()) return;
  v1::AgentIdentity renewed = identity_;
  Status done = RenewCertificate(renewed, clock_);
  if (done.ok()) done = SaveIdentity(options_.state_folder, renewed);
  if (done.ok()) {
    identity_ = std::move(renewed);
    renewal_.Installed(FromUnixMillis(identity_.issued_unix_ms()), FromUnixMillis(identity_.not_after_unix_ms()));
    log::Info("the certificate is renewed", {{"until", FormatRfc3339(FromUnixMillis(identity_.not_after_unix_ms()))}});
    return;
  }
  renewal_.Failed();
  log::Warn("the certificate cannot be renewed", {{key::kError, done.error().ToString()}});
}

void Session::WriteStatus(bool connected, const std::string& why) const {
  const std::string text = std::string(connected ? "connected" : "not connected") + " since " +
                           FormatRfc3339(clock_.Now()) + (why.empty() ? "" : ": " + why) + "\n";
  const Status written = WritePrivateFile(options_.state_folder + "/connection", text);
  if (!written.ok())
    log::Warn("the state of the connection cannot be written", {{key::kError, written.error().ToString()}});
}

bool Session::HoldStream() {
  const auto channel = Connect(identity_, ClientCertificate::kShown);
  const auto stub = v1::Agents::NewStub(channel);
  AgentStream stream([this](v1::ControlMessage message) { engine_.Handle(std::move(message)); });
  stream.Start(*stub);
  engine_.Attach([&stream](v1::AgentMessage message) { stream.Send(std::move(message)); });
  bool up = false;
  std::optional<grpc::Status> ended;
  while (!ended) {
    if (!up && stream.Heard()) {
      up = true;
      log::Info("connected", {{key::kAddress, identity_.address()}, {key::kServer, identity_.server()}});
      WriteStatus(true, identity_.address());
    }
    const auto beat = engine_.Beat();
    const auto nap = std::clamp(std::min(beat, renewal_.Wait()), std::chrono::milliseconds(50),
                                up ? std::chrono::milliseconds(1000) : std::chrono::milliseconds(100));
    ended = stream.Wait(nap);
    if (ended) break;
    if (up && renewal_.Due()) {
      const std::int64_t before = identity_.not_after_unix_ms();
      RenewIfDue();
      // The new certificate is shown by a new stream.
      if (identity_.not_after_unix_ms() != before) stream.Cancel();
    }
    if (Stopped()) stream.Cancel();
  }
  engine_.Detach();
  if (!Stopped()) {
    const std::string why = ended->error_message().empty() ? "the stream ended" : ended->error_message();
    log::Warn("the connection ended", {{key::kAddress, identity_.address()}, {key::kError, why}});
    WriteStatus(false, why);
    // A certificate that is not taken any more can still be renewed.
    if (ended->error_code() == grpc::StatusCode::UNAUTHENTICATED && !up) renewal_.Failed();
  }
  return up;
}

void Session::Run() {
  int failures = 0;
  while (!Stopped()) {
    RenewIfDue();
    if (renewal_.Expired()) {
      Sleep(std::max(renewal_.Wait(), std::chrono::milliseconds(100)));
      continue;
    }
    const bool up = HoldStream();
    failures = up ? 0 : failures + 1;
    if (!Stopped()) Sleep(JitteredBackoff(options_.first_retry, options_.longest_retry, failures, random_));
  }
}

}  // namespace podwright::agent
