// The output layer: one value as a table for people, as JSON or as YAML for programs. Pure.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podwright::cli {

using Json = nlohmann::ordered_json;

enum class OutputFormat { kTable, kJson, kYaml };
std::optional<OutputFormat> ParseOutputFormat(std::string_view text);

// Indented, with a newline at the end.
std::string JsonText(const Json& value);
// Block style; every string reads back as the same string by YAML 1.1 and 1.2.
std::string YamlText(const Json& value);

// Columns as wide as their widest cell, two spaces between, the last one not padded.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
  void Add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }
  std::string Text() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

// How many columns the text takes, counted in code points.
std::size_t DisplayWidth(std::string_view text);

}  // namespace podwright::cli
