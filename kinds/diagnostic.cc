#include "kinds/diagnostic.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace podwright::kinds {
namespace {

// Keys come from outside: what would disturb a terminal is escaped.
std::string Quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

std::string Location::ToString() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line);
  if (line > 0 && column > 0) out += ":" + std::to_string(column);
  return out;
}

Path Path::Attribute(std::string_view name) const {
  Path out = *this;
  out.steps_.push_back({StepKind::kAttribute, std::string(name), 0});
  return out;
}

Path Path::Key(std::string_view key) const {
  Path out = *this;
  out.steps_.push_back({StepKind::kKey, std::string(key), 0});
  return out;
}

Path Path::Index(std::size_t index) const {
  Path out = *this;
  out.steps_.push_back({StepKind::kIndex, {}, index});
  return out;
}

std::string Path::ToString() const {
  std::string out;
  for (const Step& step : steps_) {
    switch (step.kind) {
      case StepKind::kAttribute:
        if (!out.empty()) out += '.';
        out += step.name;
        break;
      case StepKind::kKey: out += "[" + Quoted(step.name) + "]"; break;
      case StepKind::kIndex: out += "[" + std::to_string(step.index) + "]"; break;
    }
  }
  return out;
}

std::string Diagnostic::ToString() const {
  std::string out;
  if (location.known()) out += location.ToString() + ": ";
  out += severity == Severity::kError ? "error: " : "warning: ";
  if (!path.empty()) out += path.ToString() + ": ";
  out += message;
  if (!suggestion.empty()) out += "\n  hint: " + suggestion;
  return out;
}

void Diagnostics::AddError(std::string message, Path path, std::string suggestion) {
  Add({Severity::kError, std::move(message), std::move(suggestion), {}, std::move(path)});
}

void Diagnostics::AddWarning(std::string message, Path path, std::string suggestion) {
  Add({Severity::kWarning, std::move(message), std::move(suggestion), {}, std::move(path)});
}

void Diagnostics::Append(Diagnostics other) {
  for (Diagnostic& item : other.items_) items_.push_back(std::move(item));
}

void Diagnostics::SortByPlace() {
  std::stable_sort(items_.begin(), items_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.location.file, a.location.line, a.location.column) <
           std::tie(b.location.file, b.location.line, b.location.column);
  });
}

bool Diagnostics::has_errors() const {
  return std::any_of(items_.begin(), items_.end(), [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

std::string Diagnostics::ToString() const {
  std::string out;
  for (const Diagnostic& item : items_) out += item.ToString() + "\n";
  return out;
}

Status Diagnostics::ToStatus() const {
  if (!has_errors()) return Ok();
  std::string all;
  for (const Diagnostic& item : items_) {
    if (item.severity != Severity::kError) continue;
    if (!all.empty()) all += "\n";
    if (item.location.known()) all += item.location.ToString() + ": ";
    if (!item.path.empty()) all += item.path.ToString() + ": ";
    all += item.message;
    if (!item.suggestion.empty()) all += " (" + item.suggestion + ")";
  }
  return InvalidArgument(std::move(all));
}

}  // namespace podwright::kinds
