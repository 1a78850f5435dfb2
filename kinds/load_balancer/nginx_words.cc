#include "kinds/load_balancer/nginx_words.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace podwright::kinds::nginx {
namespace {

constexpr std::string_view kDollar = "${pw_dollar}";
constexpr std::size_t kMaxPiece = 3000;

std::string Escaped(char c, bool variables) {
  if (c == '"' || c == '\\') return std::string("\\") + c;
  if (c == '$' && variables) return std::string(kDollar);
  return std::string(1, c);
}

std::string Escape(std::string_view text, bool variables) {
  std::string out = "\"";
  for (const char c : text) out += Escaped(c, variables);
  return out + "\"";
}

}  // namespace

std::string Quoted(std::string_view text) {
  return Escape(text, false);
}

std::string Literal(std::string_view text) {
  return Escape(text, true);
}

std::vector<std::string> LiteralPieces(std::string_view text) {
  std::vector<std::string> pieces;
  std::string piece = "\"";
  for (const char c : text) {
    const std::string escaped = Escaped(c, true);
    if (piece.size() + escaped.size() > kMaxPiece) {
      pieces.push_back(piece + "\"");
      piece = "\"";
    }
    piece += escaped;
  }
  pieces.push_back(piece + "\"");
  return pieces;
}

std::string HostPort(std::string_view address, long long port) {
  const std::string text(address);
  const bool v6 = text.find(':') != std::string::npos;
  return (v6 ? "[" + text + "]" : text) + ":" + std::to_string(port);
}

std::string Duration(long long milliseconds) {
  if (milliseconds % 1000 == 0) return std::to_string(milliseconds / 1000) + "s";
  return std::to_string(milliseconds) + "ms";
}

std::string Variable(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

bool IsAddress(const std::string& text) {
  std::array<unsigned char, 16> raw{};
  const int family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
  return inet_pton(family, text.c_str(), raw.data()) == 1;
}

}  // namespace podwright::kinds::nginx
