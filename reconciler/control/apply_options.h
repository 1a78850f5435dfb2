// What a caller inside podwrightd may ask of an Apply beside the request. Threading: values.
#pragma once

#include <chrono>
#include <string>

namespace podwright::v1 {
class PolicyVerdict;
}

namespace podwright::control {

// How long the steps of one Apply took, waiting for the lock included.
struct ApplyTimes {
  std::chrono::microseconds check{};      // the request by itself
  std::chrono::microseconds candidate{};  // what desired objects would be
  std::chrono::microseconds agents{};     // waiting for what agents observe
  std::chrono::microseconds plan{};
  std::chrono::microseconds commit{};
};

struct ApplyOptions {
  // The response has no objects, and what is kept for a repetition has no slices: for callers who name thousands of
  // objects and look at the run.
  bool brief = false;
  // Stands for the request in the idempotency record; "": the digest of its bytes. With a key that is made of the
  // request's content it may be anything that is made of the same.
  std::string request_digest;
  ApplyTimes* times = nullptr;  // filled in where it is not null
  // Filled in where it is not null and policy holds the plan back: the answer is kFailedPrecondition then.
  v1::PolicyVerdict* verdict = nullptr;
};

}  // namespace podwright::control
