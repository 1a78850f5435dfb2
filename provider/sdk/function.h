// Function: what the author of a provider function writes; users call it as provider::NAME::function(…).
//
// A function is pure: the same arguments give the same result, always, and nothing else happens. It may be
// called before Configure, without one, and from several threads at once. What it throws becomes the call's error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "provider/sdk/cancellation.h"
#include "provider/sdk/value/type.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

struct FunctionParameter {
  std::string name{};
  Type type = Type::Dynamic();
  // Without these, a null argument is an error, and one that is not wholly known makes the result unknown:
  // the function is not called.
  bool allow_null = false;
  bool allow_unknown = false;
  std::string description{};  // Markdown
};

struct FunctionSignature {
  std::vector<FunctionParameter> parameters{};
  std::optional<FunctionParameter> variadic{};  // any number of further arguments, none included
  Type return_type = Type::Dynamic();
  std::string summary{};      // one line
  std::string description{};  // Markdown
  std::string deprecation{};  // not empty: deprecated, and this is the reason

  // What Terraform's language would refuse: all faults in one error.
  Status Check() const;
  // Of the argument at `index`; null where there is none.
  const FunctionParameter* Parameter(std::size_t index) const;
};

struct CallRequest {
  std::vector<Value> arguments{};  // one a parameter, then the variadic ones, as many as were given
  CancellationToken cancellation{};

  // The null value where there is none.
  const Value& Argument(std::size_t index) const;
};

struct FunctionError {
  std::string text{};
  std::optional<std::int64_t> argument{};  // from 0; the argument that is to blame
};

struct CallResponse {
  Value result{};  // of the return type; null is a result
  std::optional<FunctionError> error{};

  void SetError(std::string text) { error = {std::move(text), std::nullopt}; }
  void SetArgumentError(std::int64_t argument, std::string text) { error = {std::move(text), argument}; }
};

class Function {
 public:
  virtual ~Function() = default;
  virtual std::string Name() const = 0;                // without the provider's prefix
  virtual FunctionSignature GetSignature() const = 0;  // called once
  virtual void Call(const CallRequest& request, CallResponse& response) const = 0;
};

}  // namespace podwright::sdk
