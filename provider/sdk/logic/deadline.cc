#include "provider/sdk/logic/deadline.h"

#include <utility>

#include "provider/sdk/duration.h"
#include "provider/sdk/validators.h"

namespace podwright::sdk::logic {
namespace {

using std::chrono::nanoseconds;

const char* Name(Operation operation) {
  switch (operation) {
    case Operation::kCreate: return "create";
    case Operation::kRead: return "read";
    case Operation::kUpdate: return "update";
    case Operation::kDelete: return "delete";
  }
  return "";
}

std::optional<nanoseconds> Default(const Timeouts& timeouts, Operation operation) {
  switch (operation) {
    case Operation::kCreate: return timeouts.create;
    case Operation::kRead: return timeouts.read;
    case Operation::kUpdate: return timeouts.update;
    case Operation::kDelete: return timeouts.remove;
  }
  return std::nullopt;
}

void Positive(const Value& value, const AttributePath& path, Diagnostics& diagnostics) {
  const Result<nanoseconds> duration = ParseDuration(value.StringOr(""));
  if (duration.ok() && duration->count() <= 0) {
    diagnostics.AddError("Not a time limit", "It must be more than nothing.", path);
  }
}

}  // namespace

Attribute TimeoutsAttribute(const Timeouts& timeouts) {
  Attribute attribute{.name = kTimeouts, .nesting = Nesting::kSingle};
  attribute.block = timeouts.block;
  attribute.optional = !timeouts.block;
  attribute.description = "How long operations may take.";
  for (const Operation operation : {Operation::kCreate, Operation::kRead, Operation::kUpdate, Operation::kDelete}) {
    const std::optional<nanoseconds> limit = Default(timeouts, operation);
    if (!limit) continue;
    attribute.attributes.push_back(
        {.name = Name(operation),
         .type = Type::String(),
         .optional = true,
         .description = "A duration such as `90s` or `1h30m`. Default `" + FormatDuration(*limit) + "`.",
         .validators = {validators::Duration(), Positive}});
  }
  return attribute;
}

Value WithTimeoutsOf(const Schema& schema, const Value& from, Value value) {
  if (schema.timeouts && value.has_value()) value.SetField(kTimeouts, from.Get(kTimeouts));
  return value;
}

Deadline::Deadline(const Schema& schema, Operation operation, const Value& settings, const CancellationToken& parent)
    : name_(Name(operation)), token_(parent) {
  const std::optional<nanoseconds> limit = schema.timeouts ? Default(*schema.timeouts, operation) : std::nullopt;
  if (!limit) return;
  // Hosts find the line of an attribute or of what is in a block, not of what is in a nested attribute.
  place_ = schema.timeouts->block ? AttributePath(kTimeouts).Attribute(name_) : AttributePath(kTimeouts);
  limit_ = *limit;
  if (const std::string* text = settings.Get(kTimeouts).Get(name_).AsString()) {
    if (const Result<nanoseconds> own = ParseDuration(*text); own.ok() && own->count() > 0) limit_ = *own;
  }
  // Beyond a thousand hours the clock's own range comes into sight.
  constexpr std::chrono::hours kLongest{1000};
  end_ = std::chrono::steady_clock::now() + std::min<nanoseconds>(limit_, kLongest);
  token_ = source_.token();
  parent_ = parent.OnCancel([this] { source_.Cancel(CancelReason::kStopped); });
  watcher_ = std::thread([this] { Watch(); });
}

void Deadline::Watch() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (wake_.wait_until(lock, end_, [this] { return done_; })) return;
  lock.unlock();
  source_.Cancel(CancelReason::kTimeout);
}

Deadline::~Deadline() {
  if (!watcher_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  watcher_.join();
}

void Deadline::Explain(Diagnostics& diagnostics) const {
  if (token_.reason() != CancelReason::kTimeout || !diagnostics.HasError()) return;
  diagnostics.AddError(
      "The " + name_ + " took too long",
      "It was broken off after " + FormatDuration(limit_) + ". Set \"timeouts." + name_ + "\" to give it more time.",
      place_);
}

}  // namespace podwright::sdk::logic
