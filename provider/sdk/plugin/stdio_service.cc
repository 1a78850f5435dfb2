#include "provider/sdk/plugin/stdio_service.h"

#include <algorithm>
#include <utility>

#include "provider/sdk/log.h"
#include "provider/sdk/plugin/stop_signal.h"

namespace podwright::sdk::plugin {
namespace {

constexpr std::size_t kMaxPending = 1U << 20U;

}  // namespace

// One write at a time. gRPC may answer a call on the thread that makes it, so none is made under the lock; `busy_`
// stands for the right to make the next.
class StdioService::Stream final : public grpc::ServerWriteReactor<::plugin::StdioData> {
 public:
  explicit Stream(StdioService& service) : service_(service) {}

  // gRPC has it until OnDone.
  void HoldYourself(std::shared_ptr<Stream> self) { self_ = std::move(self); }

  // Writes what is pending, or ends, unless a write is under way.
  void Advance() {
    bool finish = false;
    {
      const std::lock_guard<std::mutex> lock(service_.mutex_);
      if (busy_ || (!cancelled_ && service_.pending_.empty())) return;
      busy_ = true;  // for good where it ends
      finish = cancelled_;
      if (!finish) data_.set_data(std::exchange(service_.pending_, {}));
    }
    if (finish) return Finish(grpc::Status::OK);
    data_.set_channel(::plugin::StdioData::STDOUT);
    StartWrite(&data_);
  }

  void OnWriteDone(bool ok) override {
    {
      const std::lock_guard<std::mutex> lock(service_.mutex_);
      busy_ = false;
      cancelled_ = cancelled_ || !ok;
    }
    Advance();
  }

  void OnCancel() override {
    {
      const std::lock_guard<std::mutex> lock(service_.mutex_);
      cancelled_ = true;
    }
    if (service_.stoppable_) StopSignal::Instance().Raise(StopReason::kStdioLost);
    Advance();
  }

  void OnDone() override {
    const std::shared_ptr<Stream> self = std::move(self_);  // lives to the end of this block
    const std::lock_guard<std::mutex> lock(service_.mutex_);
    if (service_.stream_ == self) service_.stream_.reset();
  }

 private:
  StdioService& service_;
  std::shared_ptr<Stream> self_;
  ::plugin::StdioData data_;  // belongs to who is busy
  bool busy_ = false;         // protected by the service's mutex
  bool cancelled_ = false;    // protected by the service's mutex
};

grpc::ServerWriteReactor<::plugin::StdioData>* StdioService::StreamStdio(grpc::CallbackServerContext*,
                                                                         const google::protobuf::Empty*) {
  auto stream = std::make_shared<Stream>(*this);
  stream->HoldYourself(stream);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stream_ = stream;
  }
  stream->Advance();
  return stream.get();
}

void StdioService::Send(std::string_view bytes) {
  std::shared_ptr<Stream> stream;
  bool full = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::size_t fits = std::min(bytes.size(), kMaxPending - pending_.size());
    pending_.append(bytes.substr(0, fits));
    full = fits < bytes.size() && !std::exchange(dropped_, fits < bytes.size());
    stream = stream_;
  }
  if (full) Log(LogLevel::kWarn, "the provider prints more than its host reads; the rest is lost");
  if (stream != nullptr) stream->Advance();
}

}  // namespace podwright::sdk::plugin
