#include "agent/host/resp.h"

#include <charconv>

namespace podwright::host {
namespace {

constexpr std::int64_t kMaxText = std::int64_t{8} << 20U;
constexpr std::int64_t kMaxItems = 100'000;
constexpr int kMaxDepth = 8;

Error NoReply() {
  return DataLoss("what came is no answer of Redis");
}

class Parser {
 public:
  explicit Parser(std::string_view bytes) : bytes_(bytes) {}

  // Nothing where bytes are missing.
  Result<std::optional<RedisReply>> Next(int depth) {
    if (depth > kMaxDepth) return NoReply();
    const auto line = Line();
    if (!line) {
      if (bytes_.size() - at_ > static_cast<std::size_t>(kMaxText)) return NoReply();
      return std::optional<RedisReply>();
    }
    if (line->empty()) return NoReply();
    RedisReply reply;
    const std::string_view rest = line->substr(1);
    switch (line->front()) {
      case '+':
        reply.type = RedisReply::Type::kText;
        reply.text = rest;
        return std::optional(reply);
      case '-':
        reply.type = RedisReply::Type::kError;
        reply.text = rest;
        return std::optional(reply);
      case ':': {
        reply.type = RedisReply::Type::kInteger;
        PW_ASSIGN(reply.integer, Number(rest));
        return std::optional(reply);
      }
      case '$': return Text(rest);
      case '*': return List(rest, depth);
      default: return NoReply();
    }
  }
  std::size_t at() const { return at_; }

 private:
  std::optional<std::string_view> Line() {
    const auto end = bytes_.find("\r\n", at_);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = bytes_.substr(at_, end - at_);
    at_ = end + 2;
    return line;
  }

  static Result<std::int64_t> Number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) return NoReply();
    return value;
  }

  Result<std::optional<RedisReply>> Text(std::string_view length) {
    PW_ASSIGN(const std::int64_t size, Number(length));
    RedisReply reply;
    if (size == -1) return std::optional(reply);
    if (size < 0 || size > kMaxText) return NoReply();
    const auto bytes = static_cast<std::size_t>(size);
    if (bytes_.size() - at_ < bytes + 2) return std::optional<RedisReply>();
    if (bytes_.substr(at_ + bytes, 2) != "\r\n") return NoReply();
    reply.type = RedisReply::Type::kText;
    reply.text = bytes_.substr(at_, bytes);
    at_ += bytes + 2;
    return std::optional(reply);
  }

  Result<std::optional<RedisReply>> List(std::string_view length, int depth) {
    PW_ASSIGN(const std::int64_t count, Number(length));
    RedisReply reply;
    if (count == -1) return std::optional(reply);
    if (count < 0 || count > kMaxItems) return NoReply();
    reply.type = RedisReply::Type::kList;
    for (std::int64_t i = 0; i < count; ++i) {
      PW_ASSIGN(auto item, Next(depth + 1));
      if (!item) return item;
      reply.items.push_back(std::move(*item));
    }
    return std::optional(std::move(reply));
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace

std::string RedisReply::Field(std::string_view name) const {
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i].text == name) return items[i + 1].text;
  }
  return "";
}

std::string EncodeCommand(const RedisCommand& command) {
  std::string out = "*" + std::to_string(command.size()) + "\r\n";
  for (const std::string& word : command) out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return out;
}

Result<std::optional<ParsedReply>> ParseReply(std::string_view bytes) {
  Parser parser(bytes);
  PW_ASSIGN(auto reply, parser.Next(0));
  if (!reply) return std::optional<ParsedReply>();
  return std::optional(ParsedReply{std::move(*reply), parser.at()});
}

}  // namespace podwright::host
