// What is wrong with a document or a spec, for people: message, suggestion, place and attribute path.
//
// Diagnostics are for users; they are no logs and hold no sensitive values. Threading: values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace podwright::kinds {

enum class Severity { kError, kWarning };

// A place in a file; lines and columns count from 1, columns in bytes; 0 is unknown.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;

  bool known() const { return line > 0 || !file.empty(); }
  std::string ToString() const;  // "plan/web.yaml:3:7"
};

// A place in a spec: `files["/etc/motd"].mode`, `needs[2]`.
class Path {
 public:
  enum class StepKind { kAttribute, kKey, kIndex };
  struct Step {
    StepKind kind = StepKind::kAttribute;
    std::string name;       // of an attribute or a key
    std::size_t index = 0;  // of an element
    bool operator==(const Step&) const = default;
  };

  Path Attribute(std::string_view name) const;
  Path Key(std::string_view key) const;
  Path Index(std::size_t index) const;

  const std::vector<Step>& steps() const { return steps_; }
  bool empty() const { return steps_.empty(); }
  std::string ToString() const;
  bool operator==(const Path&) const = default;

 private:
  std::vector<Step> steps_;
};

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string message;
  std::string suggestion;  // what to do; may be empty
  Location location;
  Path path;

  // `file:line:column: error: message`, then an indented `hint: …`; without a place the path stands before.
  std::string ToString() const;
};

class Diagnostics {
 public:
  void Add(Diagnostic diagnostic) { items_.push_back(std::move(diagnostic)); }
  void AddError(std::string message, Path path = {}, std::string suggestion = {});
  void AddWarning(std::string message, Path path = {}, std::string suggestion = {});
  void Append(Diagnostics other);
  // By file, line and column; what has no place comes first, in the order in which it was added.
  void SortByPlace();

  bool has_errors() const;
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  const std::vector<Diagnostic>& items() const { return items_; }
  std::vector<Diagnostic>& items() { return items_; }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

  std::string ToString() const;  // one after the other, each ended by a newline
  // Ok without errors, else InvalidArgument with all of them.
  Status ToStatus() const;

 private:
  std::vector<Diagnostic> items_;
};

}  // namespace podwright::kinds
