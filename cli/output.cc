#include "cli/output.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/terminal.h"

namespace podwright::cli {
namespace {

// Plain scalars that no YAML version takes for anything but a string.
bool IsPlain(std::string_view text) {
  if (text.empty() || (!std::isalpha(static_cast<unsigned char>(text.front())) && text.front() != '/')) return false;
  for (const char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && std::string_view("-_./").find(c) == std::string_view::npos) {
      return false;
    }
  }
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string_view word : {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}) {
    if (lower == word) return false;
  }
  return true;
}

std::string Scalar(const Json& value) {
  if (value.is_null()) return "null";
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  // A JSON string is a YAML double-quoted scalar.
  return IsPlain(text) ? text : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Text of several lines that reads best as a literal block, and reads back the same from it.
bool IsBlock(const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  if (text.find('\n') == std::string::npos || text.front() == '\n' || text.front() == ' ' || text.ends_with("\n\n")) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n') || byte >= 0x7f) return false;
    if (byte == ' ' && (i + 1 == text.size() || text[i + 1] == '\n')) return false;
  }
  return true;
}

void AppendBlock(std::string& out, const std::string& text, std::size_t indent) {
  out += text.ends_with('\n') ? " |\n" : " |-\n";
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    if (end > start) out += std::string(indent, ' ') + text.substr(start, end - start);
    out += "\n";
    start = end + 1;
  }
}

void AppendYaml(std::string& out, const Json& value, std::size_t indent) {
  const std::string pad(indent, ' ');
  const auto append_child = [&](const Json& child) {
    const bool block = child.is_structured() && !child.empty();
    if (IsBlock(child)) {
      AppendBlock(out, child.get_ref<const std::string&>(), indent + 2);
    } else if (!block) {
      out += " " + (child.is_structured() ? std::string(child.is_array() ? "[]" : "{}") : Scalar(child)) + "\n";
    } else {
      out += "\n";
      AppendYaml(out, child, indent + 2);
    }
  };
  if (value.is_object()) {
    for (const auto& [key, child] : value.items()) {
      out += pad + Scalar(Json(key)) + ":";
      append_child(child);
    }
  } else if (value.is_array()) {
    for (const Json& child : value) {
      if (child.is_structured() && !child.empty()) {
        std::string nested;
        AppendYaml(nested, child, indent + 2);
        out += pad + "- " + nested.substr(indent + 2);
      } else {
        out += pad + "-";
        append_child(child);
      }
    }
  } else {
    out += pad + Scalar(value) + "\n";
  }
}

}  // namespace

std::optional<OutputFormat> ParseOutputFormat(std::string_view text) {
  if (text == "table") return OutputFormat::kTable;
  if (text == "json") return OutputFormat::kJson;
  if (text == "yaml") return OutputFormat::kYaml;
  return std::nullopt;
}

std::string JsonText(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string YamlText(const Json& value) {
  if (value.is_structured() && value.empty()) return value.is_array() ? "[]\n" : "{}\n";
  std::string out;
  AppendYaml(out, value, 0);
  return out;
}

std::size_t DisplayWidth(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void Table::Add(std::vector<std::string> row) {
  for (std::string& cell : row) {
    cell = Printable(cell);
    std::replace(cell.begin(), cell.end(), '\n', ' ');
  }
  row.resize(header_.size());
  rows_.push_back(std::move(row));
}

std::string Table::Text() const {
  std::vector<std::size_t> widths;
  for (const std::string& title : header_) widths.push_back(DisplayWidth(title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  std::string out;
  const auto append = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - DisplayWidth(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  append(header_);
  for (const auto& row : rows_) append(row);
  return out;
}

}  // namespace podwright::cli
