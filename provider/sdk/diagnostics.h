// Diagnostics: what a user is told. Values; not for several threads at once.
//
// Never put a secret into one: they are shown and logged.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "provider/sdk/value/path.h"

namespace podwright::sdk {

enum class Severity { kError, kWarning };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string summary{};  // one line, what is wrong
  std::string detail{};   // why, and what to do
  AttributePath path{};   // empty: the whole resource
  bool operator==(const Diagnostic&) const = default;
};

class Diagnostics {
 public:
  void AddError(std::string summary, std::string detail, AttributePath path = {}) {
    items_.push_back({Severity::kError, std::move(summary), std::move(detail), std::move(path)});
  }
  void AddError(std::string summary, const Error& error, AttributePath path = {}) {
    AddError(std::move(summary), error.ToString(), std::move(path));
  }
  void AddWarning(std::string summary, std::string detail, AttributePath path = {}) {
    items_.push_back({Severity::kWarning, std::move(summary), std::move(detail), std::move(path)});
  }
  void Add(Diagnostic diagnostic) { items_.push_back(std::move(diagnostic)); }
  void Append(const Diagnostics& other) { items_.insert(items_.end(), other.items_.begin(), other.items_.end()); }

  bool HasError() const {
    for (const Diagnostic& item : items_) {
      if (item.severity == Severity::kError) return true;
    }
    return false;
  }
  bool empty() const { return items_.empty(); }
  const std::vector<Diagnostic>& items() const { return items_; }

 private:
  std::vector<Diagnostic> items_{};
};

}  // namespace podwright::sdk
