#include "reconciler/forge/own_comment.h"

#include <algorithm>

namespace podwright::forge {
namespace {

// '-' too: "--" would end an HTML comment early for some parsers.
std::string Escaped(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

// Forges may bring another line break, or none, after what was sent.
bool SaysTheSame(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  const auto skip = [](std::string_view text, std::size_t& at) {
    while (at < text.size() && text[at] == '\r') ++at;
  };
  const auto trim = [](std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
    return text;
  };
  a = trim(a);
  b = trim(b);
  while (true) {
    skip(a, i);
    skip(b, j);
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (a[i++] != b[j++]) return false;
  }
}

OwnComment Told(const Comment& comment, bool written) {
  return OwnComment{comment.id, comment.web_url, written};
}

}  // namespace

std::string CommentMarker(std::string_view workspace, std::string_view source, std::int64_t number,
                          std::string_view purpose) {
  return "<!-- podwright:" + Escaped(purpose) + ":" + Escaped(workspace) + "/" + Escaped(source) + "#" +
         std::to_string(number) + " -->";
}

std::string MarkedBody(std::string_view marker, std::string_view text) {
  return std::string(marker) + "\n" + std::string(text);
}

std::vector<Comment> FindOwn(const std::vector<Comment>& comments, std::string_view marker, std::string_view login) {
  std::vector<Comment> own;
  for (const Comment& comment : comments) {
    if (!login.empty() && comment.author == login && comment.body.starts_with(marker)) own.push_back(comment);
  }
  std::sort(own.begin(), own.end(), [](const Comment& a, const Comment& b) { return a.id < b.id; });
  return own;
}

Result<OwnComment> WriteOwnComment(Forge& forge, std::int64_t number, std::string_view marker, std::string_view text,
                                   std::int64_t known, const Pace& pace) {
  const std::string body = MarkedBody(marker, text);
  if (known != 0) {
    auto edited = forge.EditComment(number, known, body, pace);
    if (edited.ok()) return Told(*edited, true);
    // Denied: perhaps it was written with a token of another account.
    const ErrorCode code = edited.error().code();
    if (code != ErrorCode::kNotFound && code != ErrorCode::kPermissionDenied) return std::move(edited).error();
  }
  PW_ASSIGN(const std::string login, forge.BotLogin());
  PW_ASSIGN(const std::vector<Comment> all, forge.ListComments(number));
  const std::vector<Comment> own = FindOwn(all, marker, login);
  if (own.empty()) {
    PW_ASSIGN(const Comment made, forge.CreateComment(number, body, pace));
    return Told(made, true);
  }
  for (std::size_t i = 1; i < own.size(); ++i) PW_TRY(forge.DeleteComment(number, own[i].id, pace));
  if (SaysTheSame(own.front().body, body)) return Told(own.front(), false);
  PW_ASSIGN(const Comment edited, forge.EditComment(number, own.front().id, body, pace));
  return Told(edited, true);
}

}  // namespace podwright::forge
