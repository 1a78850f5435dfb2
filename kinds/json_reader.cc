#include <google/protobuf/message.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "kinds/binder.h"
#include "kinds/loader.h"
#include "kinds/registry.h"
#include "kinds/scalar.h"
#include "kinds/text.h"

namespace podwright::kinds {
namespace {

// nlohmann's tree takes duplicate names in silence; its events do not.
class JsonHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  const std::string& error() const { return error_; }
  Node TakeRoot() { return std::move(root_); }

  bool null() override { return Add({}); }
  bool boolean(bool value) override { return Literal(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return Literal(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Literal(std::to_string(value)); }
  bool number_float(number_float_t /*value*/, const string_t& text) override { return Literal(text); }
  bool string(string_t& value) override {
    Node node = MakeScalar(std::move(value));
    node.style = Node::Style::kQuoted;
    return Add(std::move(node));
  }
  bool binary(binary_t& /*value*/) override { return Fail("binary values are not allowed"); }
  bool start_object(std::size_t /*count*/) override { return Open(Node::Kind::kMap); }
  bool start_array(std::size_t /*count*/) override { return Open(Node::Kind::kSequence); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(string_t& value) override {
    Level& level = levels_.back();
    level.key = value;
    return level.seen.insert(value).second || Fail("the name `" + value + "` is there twice in one object");
  }
  bool parse_error(std::size_t position, const std::string& /*token*/, const nlohmann::detail::exception&) override {
    return Fail("no valid JSON at byte " + std::to_string(position));
  }

 private:
  struct Level {
    Node node;
    std::string key;
    std::set<std::string> seen;
  };

  static Node MakeScalar(std::string text) {
    Node node;
    node.kind = Node::Kind::kScalar;
    node.text = std::move(text);
    return node;
  }
  bool Literal(std::string text) { return Add(MakeScalar(std::move(text))); }

  bool Fail(std::string message) {
    if (error_.empty()) error_ = std::move(message);
    return false;
  }

  bool Open(Node::Kind kind) {
    if (levels_.size() >= static_cast<std::size_t>(kMaxDepth)) {
      return Fail("the document is nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    levels_.emplace_back().node.kind = kind;
    return true;
  }

  bool Close() {
    Node node = std::move(levels_.back().node);
    levels_.pop_back();
    return Add(std::move(node));
  }

  bool Add(Node node) {
    if (levels_.empty()) {
      root_ = std::move(node);
      return true;
    }
    Level& level = levels_.back();
    node.key = std::move(level.key);
    level.node.children.push_back(std::move(node));
    return true;
  }

  Node root_;
  std::string error_;
  std::vector<Level> levels_;
};

}  // namespace

Result<std::unique_ptr<google::protobuf::Message>> SpecFromJson(const Kind& kind, std::string_view json) {
  if (json.size() > kMaxDocumentBytes) return InvalidArgument("the document is larger than 1 MiB");
  if (FindInvalidUtf8(json) != std::string_view::npos) return InvalidArgument("the text is not UTF-8");
  JsonHandler handler;
  bool good = false;
  try {
    good = nlohmann::json::sax_parse(json, &handler);
  } catch (const std::exception& exception) {
    return InvalidArgument(std::string("no valid JSON: ") + exception.what());
  }
  if (!good) return InvalidArgument(handler.error().empty() ? "no valid JSON" : handler.error());
  const Node root = handler.TakeRoot();
  if (root.kind != Node::Kind::kMap) return InvalidArgument("expected an object, found " + Describe(root));
  Diagnostics diagnostics;
  Binder binder(Syntax::kJson, {}, &diagnostics);
  std::unique_ptr<google::protobuf::Message> spec = kind.NewSpec();
  binder.Bind(kind.schema(), root, spec.get(), {});
  PW_TRY(diagnostics.ToStatus());
  return spec;
}

}  // namespace podwright::kinds
