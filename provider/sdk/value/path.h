// AttributePath: where in a configuration or a state. A value type.
//
//   AttributePath().Attribute("users").Key("app").Attribute("password")   users["app"].password
//
// Elements of sets cannot be named on the wire: a path ends at the set (EndAtSet), whatever is added to it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace podwright::sdk {

class AttributePath {
 public:
  struct AttributeStep {
    std::string name;
    bool operator==(const AttributeStep&) const = default;
  };
  struct KeyStep {
    std::string key;
    bool operator==(const KeyStep&) const = default;
  };
  struct IndexStep {
    std::int64_t index = 0;
    bool operator==(const IndexStep&) const = default;
  };
  using Step = std::variant<AttributeStep, KeyStep, IndexStep>;

  AttributePath() = default;
  AttributePath(const char* attribute) { steps_.push_back(AttributeStep{attribute}); }  // NOLINT: reads well in calls
  AttributePath(std::string attribute) {                                                // NOLINT
    steps_.push_back(AttributeStep{std::move(attribute)});
  }

  [[nodiscard]] AttributePath Attribute(std::string name) const { return With(AttributeStep{std::move(name)}); }
  [[nodiscard]] AttributePath Key(std::string key) const { return With(KeyStep{std::move(key)}); }
  [[nodiscard]] AttributePath Index(std::int64_t index) const { return With(IndexStep{index}); }

  // This path, which stays as it is whatever is added.
  [[nodiscard]] AttributePath EndAtSet() const {
    AttributePath path = *this;
    path.ended_ = true;
    return path;
  }
  // This path, then the steps of `inner`.
  [[nodiscard]] AttributePath Then(const AttributePath& inner) const {
    AttributePath path = *this;
    if (ended_) return path;
    path.steps_.insert(path.steps_.end(), inner.steps_.begin(), inner.steps_.end());
    path.ended_ = inner.ended_;
    return path;
  }

  const std::vector<Step>& steps() const { return steps_; }
  bool empty() const { return steps_.empty(); }
  bool operator==(const AttributePath& other) const { return steps_ == other.steps_; }
  // users["app"].password, rules[0].port; "" at the root.
  std::string ToString() const;

 private:
  AttributePath With(Step step) const {
    AttributePath path = *this;
    if (!ended_) path.steps_.push_back(std::move(step));
    return path;
  }
  std::vector<Step> steps_;
  bool ended_ = false;
};

}  // namespace podwright::sdk
