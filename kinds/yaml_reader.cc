#include "kinds/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>
#include <string>
#include <utility>

#include "kinds/loader.h"
#include "kinds/scalar.h"

namespace podwright::kinds {
namespace {

constexpr std::size_t kMaxNodes = 200'000;  // of one document; bounds the memory that hostile text can take

// Ends the reading of a document from inside yaml-cpp; caught in this file.
struct Stop {};

class Handler : public YAML::EventHandler {
 public:
  Handler(std::string_view file, int first_line, Diagnostics* out) : file_(file), first_line_(first_line), out_(*out) {}

  bool has_root() const { return has_root_; }
  bool broken() const { return broken_; }
  Node TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    if (ExpectsKey()) {
      Error(mark, "a key cannot be null", "quote it, if it is meant as text");
      SetKey(mark, "");
      return;
    }
    Add(MakeNode(mark, Node::Kind::kNull));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    Error(mark, "aliases (*name) are not allowed", "write the value out");
    if (ExpectsKey()) {
      SetKey(mark, "");
    } else {
      Add(MakeNode(mark, Node::Kind::kNull));
    }
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    if (ExpectsKey()) {
      if (value == "<<" && tag != "!") Error(mark, "merge keys (<<) are not allowed", "write the values out");
      SetKey(mark, value);
      return;
    }
    Node node = MakeNode(mark, Node::Kind::kScalar);
    node.style = tag == "!" ? Node::Style::kQuoted : Node::Style::kPlain;
    node.text = value;
    Add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, Node::Kind::kSequence);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, Node::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

  void Error(const YAML::Mark& mark, std::string message, std::string suggestion = {}) {
    ErrorAt({first_line_ + mark.line, mark.column + 1}, std::move(message), std::move(suggestion));
  }
  void ErrorAt(Place place, std::string message, std::string suggestion = {}) {
    broken_ = true;
    out_.Add({Severity::kError, std::move(message), std::move(suggestion), {file_, place.line, place.column}, {}});
  }

 private:
  struct Level {
    Node node;
    bool has_key = false;
    bool drop = false;  // the value of a key that is there already
    std::string key;
    Place key_place;
    std::map<std::string, Place> seen;
  };

  Place PlaceOf(const YAML::Mark& mark) const { return {first_line_ + mark.line, mark.column + 1}; }

  bool ExpectsKey() const {
    return !levels_.empty() && levels_.back().node.kind == Node::Kind::kMap && !levels_.back().has_key;
  }

  Node MakeNode(const YAML::Mark& mark, Node::Kind kind) {
    if (++count_ > kMaxNodes) {
      Error(mark, "the document has more than " + std::to_string(kMaxNodes) + " values");
      throw Stop();
    }
    Node node;
    node.kind = kind;
    node.place = PlaceOf(mark);
    return node;
  }

  void SetKey(const YAML::Mark& mark, const std::string& key) {
    Level& level = levels_.back();
    level.has_key = true;
    level.key = key;
    level.key_place = PlaceOf(mark);
    const auto [first, fresh] = level.seen.emplace(key, level.key_place);
    level.drop = !fresh;
    if (fresh) return;
    ErrorAt(level.key_place, "the key `" + key + "` is there twice; first at line " +
                                 std::to_string(first->second.line) + ", column " +
                                 std::to_string(first->second.column));
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    if (levels_.size() >= static_cast<std::size_t>(kMaxDepth)) {
      Error(mark, "the document is nested deeper than " + std::to_string(kMaxDepth) + " levels");
      throw Stop();
    }
    if (ExpectsKey()) {
      Error(mark, "a key must be a plain text");
      throw Stop();
    }
    levels_.push_back({MakeNode(mark, kind), false, false, {}, {}, {}});
  }

  void Close() {
    Node node = std::move(levels_.back().node);
    levels_.pop_back();
    Add(std::move(node));
  }

  void Add(Node node) {
    if (levels_.empty()) {
      has_root_ = true;
      root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.kind == Node::Kind::kMap) {
      node.key = std::move(level.key);
      node.key_place = level.key_place;
      level.has_key = false;
      if (level.drop) return;
    }
    level.node.children.push_back(std::move(node));
  }

  void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor)
      Error(mark, "anchors (&name) are not allowed", "write the value out where it is used");
  }

  void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      Error(mark, "tags (!name) are not allowed", "the schema says what a value is");
  }

  std::string file_;
  int first_line_;
  Diagnostics& out_;
  Node root_;
  bool has_root_ = false;
  bool broken_ = false;
  std::size_t count_ = 0;
  std::vector<Level> levels_;
};

Place PlaceAt(std::string_view text, std::size_t offset) {
  Place place{1, 1};
  for (std::size_t i = 0; i < offset; ++i) {
    place.column = text[i] == '\n' ? 1 : place.column + 1;
    place.line += text[i] == '\n' ? 1 : 0;
  }
  return place;
}

// False when the text is none that YAML takes.
bool CheckCharacters(std::string_view text, std::string_view file, Diagnostics* out) {
  const auto refuse = [&](std::size_t offset, std::string message) {
    const Place place = PlaceAt(text, offset);
    out->Add({Severity::kError, std::move(message), {}, {std::string(file), place.line, place.column}, {}});
    return false;
  };
  if (const std::size_t bad = FindInvalidUtf8(text); bad != std::string_view::npos) {
    return refuse(bad, "the text is not UTF-8");
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f) {
      return refuse(i, "control characters are not allowed; in quotes they are written as \\u00XX");
    }
  }
  return true;
}

std::string WithPlainLineEnds(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out += text[i];
    } else if (i + 1 == text.size() || text[i + 1] != '\n') {
      out += '\n';
    }
  }
  return out;
}

struct Chunk {
  std::string_view text;
  int first_line = 1;
};

// One chunk a document. A line that begins with `---` or `...` is a marker wherever it stands: YAML forbids it inside
// of scalars. So an error in one document does not hide the next one.
std::vector<Chunk> SplitDocuments(std::string_view text) {
  const auto is_marker = [](std::string_view line, std::string_view marker) {
    return line.starts_with(marker) && (line.size() == 3 || line[3] == ' ' || line[3] == '\t');
  };
  std::vector<Chunk> chunks;
  std::size_t begin = 0;
  int begin_line = 1;
  int number = 1;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const std::size_t next = std::min(end + 1, text.size());
    if (is_marker(line, "---")) {
      chunks.push_back({text.substr(begin, at - begin), begin_line});
      begin = at;
      begin_line = number;
    } else if (is_marker(line, "...")) {
      chunks.push_back({text.substr(begin, at - begin), begin_line});
      begin = next;
      begin_line = number + 1;
    }
    at = next;
  }
  chunks.push_back({text.substr(begin), begin_line});
  return chunks;
}

void Parse(const Chunk& chunk, Handler* handler) {
  try {
    std::istringstream stream{std::string(chunk.text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(*handler);
    if (!handler->broken() && parser.HandleNextDocument(*handler)) {
      handler->ErrorAt({chunk.first_line, 1}, "text after the end of the document");
    }
  } catch (const Stop&) {
    return;  // reported already
  } catch (const YAML::Exception& exception) {
    if (exception.mark.is_null()) {
      handler->ErrorAt({chunk.first_line, 1}, "no valid YAML: " + exception.msg);
    } else {
      handler->Error(exception.mark, "no valid YAML: " + exception.msg);
    }
  } catch (const std::exception& exception) {
    handler->ErrorAt({chunk.first_line, 1}, std::string("no valid YAML: ") + exception.what());
  }
}

}  // namespace

std::vector<YamlDocument> ReadYaml(std::string_view text, std::string_view file, Diagnostics* out) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<YamlDocument> documents;
  if (!CheckCharacters(text, file, out)) return documents;
  const std::string plain = WithPlainLineEnds(text);
  for (const Chunk& chunk : SplitDocuments(plain)) {
    Handler handler(file, chunk.first_line, out);
    if (chunk.text.size() > kMaxDocumentBytes) {
      handler.ErrorAt({chunk.first_line, 1},
                      "the document has " + std::to_string(chunk.text.size()) + " bytes; at most 1 MiB is allowed");
      continue;
    }
    if (chunk.text.starts_with('%') || chunk.text.find("\n%") != std::string_view::npos) {
      const std::size_t at = chunk.text.starts_with('%') ? 0 : chunk.text.find("\n%") + 1;
      Place place = PlaceAt(chunk.text, at);
      place.line += chunk.first_line - 1;
      handler.ErrorAt(place, "directives (%NAME) are not allowed, nor is text that begins a line with %");
      continue;
    }
    Parse(chunk, &handler);
    const bool empty = !handler.has_root();
    if (empty && !handler.broken()) continue;
    Node root = handler.TakeRoot();
    if (root.kind == Node::Kind::kNull && !handler.broken()) continue;
    documents.push_back({std::move(root), handler.broken()});
  }
  return documents;
}

}  // namespace podwright::kinds
