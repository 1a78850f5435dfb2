// Values as nginx reads them in its configuration: https://nginx.org/en/docs/ and ngx_conf_file.c, which knows quotes,
// backslashes and variables, and takes no word of 4096 bytes or more.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace podwright::kinds::nginx {

// In double quotes; nothing inside is taken for syntax. Variables are still seen: only for what has none
// (a regular expression, a file name).
std::string Quoted(std::string_view text);
// The same for directives that fill in variables: every `$` is one. The configuration declares $pw_dollar.
std::string Literal(std::string_view text);
// The text in pieces that fit as words, each as Literal makes it; at least one.
std::vector<std::string> LiteralPieces(std::string_view text);

// "192.0.2.1:80", "[2001:db8::1]:80".
std::string HostPort(std::string_view address, long long port);
// "60s" of 60000, "1500ms" of 1500.
std::string Duration(long long milliseconds);
// A name in a variable: "a-b" → "a_b". Names have no underscore, so they stay different.
std::string Variable(std::string_view name);

// Whether it is an IPv4 or IPv6 address.
bool IsAddress(const std::string& text);

}  // namespace podwright::kinds::nginx
