#include "reconciler/forge/markdown.h"

#include <gtest/gtest.h>

#include <array>
#include <regex>
#include <string>
#include <vector>

#include "core/random.h"
#include "reconciler/forge/characters.h"

namespace podwright::forge {
namespace {

// What a browser makes of the entities.
std::string Rendered(const std::string& text) {
  static const std::regex kEntity("&#([0-9]+);");
  std::string out;
  auto at = text.cbegin();
  for (std::sregex_iterator match(text.cbegin(), text.cend(), kEntity), end; match != end; ++match) {
    out.append(at, match->prefix().second);
    Append(out, static_cast<char32_t>(std::stoul((*match)[1])));
    at = match->suffix().first;
  }
  out.append(at, text.cend());
  return out;
}

std::string WithoutBreaks(std::string text) {
  constexpr std::string_view kBreak = "\xE2\x80\x8B";
  for (std::size_t at; (at = text.find(kBreak)) != std::string::npos;) text.erase(at, kBreak.size());
  return text;
}

const std::array kNasty = {
    "@octocat",
    "@org/team",
    "#7",
    "!7",
    "GH-7",
    "owner/repo#7",
    "https://evil.example",
    "www.evil.example",
    "mailto:a@b.example",
    "<script>alert(1)</script>",
    "</summary>",
    "&lt;img src=x&gt;",
    "&#64;octocat",
    "**bold**",
    "_x_",
    "~~x~~",
    "`x`",
    "``` x",
    "| a | b |",
    "\\| a",
    "[x](https://evil.example)",
    "![x](y)",
    "# heading",
    "1. list",
    "1) list",
    "- list",
    "+ list",
    "---",
    "===",
    "/merge",
    "/approve",
    "a5c3785ed8d6a35868bc169f07e40e889087fd2e",
    "a5c3785",
    ":+1:",
    "$x$",
    "%\"milestone\"",
    "~label",
    "&epic",
    "^alert#1",
    "[vulnerability:1]",
    "[[_TOC_]]",
    "{+ x +}",
    "\xE2\x80\xAE"
    "evil",
    "\xE2\x80\x8B@x",
    "a\x1B[31mb",
    "\xFF\xFE",
    "\xED\xA0\x80",
    "\xC0\xAF",
    "caf\xC3\xA9",
    "\xF0\x9F\x98\x80",
    "web-1",
    "load_balancer",
    "10.0.0.5/24",
    "a\nb",
    "    code",
    "\t",
    " ",
    "",
    "x",
    "7",
};

// Sequences of the above and of random bytes, the same each time.
std::vector<std::string> Texts() {
  SeededRandom random(7);
  std::vector<std::string> texts(kNasty.begin(), kNasty.end());
  for (int i = 0; i < 3'000; ++i) {
    std::string text;
    for (std::uint64_t parts = 1 + random.Below(5); parts > 0; --parts) {
      if (random.Below(4) == 0) {
        text += random.Bytes(random.Below(6));
      } else if (random.Below(4) == 0) {
        text += static_cast<char>(0x20 + random.Below(0x5F));
      } else {
        text += kNasty[random.Below(kNasty.size())];
      }
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

TEST(EscapeInline, NothingOfWhatMarkdownOrHtmlKnowsIsLeft) {
  static const std::regex kEntity("&#[0-9]+;");
  for (const std::string& text : Texts()) {
    const std::string escaped = EscapeInline(text);
    const std::string bare = std::regex_replace(escaped, kEntity, "");
    EXPECT_EQ(bare.find_first_of("<>&\"`*_[]{}\\|~#@!$%^:+\n\r\t"), std::string::npos) << text << "\n" << escaped;
    // No list, line or command at the beginning.
    static const std::regex kBlock("^([0-9]+[.)]|[-=/ ]).*");
    EXPECT_FALSE(std::regex_match(escaped, kBlock)) << text << "\n" << escaped;
  }
}

TEST(EscapeInline, NothingOfWhatForgesLookForInTheRenderedTextIsLeft) {
  static const std::regex kLooked(
      "@[A-Za-z0-9]|[#!$%~^&][A-Za-z0-9\"]|[A-Za-z]-[0-9]|[a-z]://|:[a-z+]|www\\.|\\[[A-Za-z\\[]|[a-z0-9]@[a-z]"
      "|[0-9a-fA-F]{7}");
  for (const std::string& text : Texts()) {
    const std::string shown = Rendered(EscapeInline(text));
    EXPECT_FALSE(std::regex_search(shown, kLooked)) << text << "\n" << shown;
  }
}

TEST(EscapeInline, APersonReadsWhatWasThere) {
  for (const char* text :
       {"web-1: size \"m\" -> 'l' (50%)", "a|b", "caf\xC3\xA9", "1. x", "x @ y", "/etc/nginx/a_b.conf"}) {
    EXPECT_EQ(WithoutBreaks(Rendered(EscapeInline(text))), text);
  }
  EXPECT_EQ(EscapeInline("web is ready, 3 of 4 (the rest waits)"), "web is ready, 3 of 4 (the rest waits)");
  EXPECT_EQ(EscapeInline("  two\n lines "), "two lines");
  EXPECT_EQ(EscapeInline("abcdef", 3), "abc\xE2\x80\xA6");
}

TEST(EscapeInline, HiddenCharactersShow) {
  EXPECT_EQ(EscapeInline("a\xE2\x80\xAE"
                         "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(EscapeInline("a\xC2\x85"
                         "b"),
            "a b");
  EXPECT_EQ(EscapeInline(std::string_view("a\0b", 3)),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(EscapeInline("\xFF"), "\xEF\xBF\xBD");
  EXPECT_EQ(EscapeInline("\xF3\xA0\x81\x81"), "\xEF\xBF\xBD");
}

TEST(CodeSpan, OnlyItsOwnDelimitersCanEndIt) {
  for (const std::string& text : Texts()) {
    const std::string span = CodeSpan(text);
    ASSERT_FALSE(span.empty());
    EXPECT_EQ(span.find_first_of("\n\r\t"), std::string::npos);
    if (span.starts_with("<code>")) {
      EXPECT_TRUE(span.ends_with("</code>"));
      EXPECT_EQ(span.substr(6, span.size() - 13).find_first_of("<>|`"), std::string::npos) << span;
      continue;
    }
    EXPECT_EQ(span.find('|'), std::string::npos) << span;
    const std::size_t fence = span.find_first_not_of('`');
    ASSERT_NE(fence, std::string::npos) << span;
    const std::string delimiter(fence, '`');
    const std::string inner = span.substr(fence, span.size() - 2 * fence);
    EXPECT_EQ(inner.find(delimiter), std::string::npos) << span;
    EXPECT_FALSE(inner.ends_with('`')) << span;
  }
  EXPECT_EQ(CodeSpan("web-1"), "`web-1`");
  EXPECT_EQ(CodeSpan("a`b"), "``a`b``");
  EXPECT_EQ(CodeSpan("`"), "`` ` ``");
  EXPECT_EQ(CodeSpan("a|b"), "<code>a&#124;b</code>");
  EXPECT_EQ(CodeSpan(""), "`\"\"`");
}

TEST(CodeBlock, TheFenceIsLongerThanAnyInTheText) {
  for (const std::string& text : Texts()) {
    const std::string block = CodeBlock(text + "\n```\n" + text, "diff");
    const std::size_t fence = block.find_first_not_of('`');
    ASSERT_GE(fence, 4U);
    const std::string delimiter(fence, '`');
    const std::size_t end = block.find(delimiter, fence);
    EXPECT_EQ(end, block.size() - fence - 1) << block;
    EXPECT_EQ(block[end - 1], '\n');
    EXPECT_EQ(block.find("\n/"), std::string::npos);
  }
  EXPECT_EQ(CodeBlock("a\nb"), "```\na\nb\n```\n");
  EXPECT_EQ(CodeBlock("/merge\n/close"), "```\n /merge\n /close\n```\n");
}

TEST(PlainLine, IsCutAtTheEdgeOfACharacter) {
  EXPECT_EQ(PlainLine("caf\xC3\xA9 au lait", 7), "caf\xE2\x80\xA6");
  EXPECT_EQ(PlainLine("short", 140), "short");
  for (const std::string& text : Texts()) {
    for (const std::size_t most : {0UL, 2UL, 3UL, 10UL, 140UL}) {
      const std::string line = PlainLine(text, most);
      EXPECT_LE(line.size(), most);
      EXPECT_EQ(line, Encode(Decode(line)));  // valid UTF-8
    }
  }
}

}  // namespace
}  // namespace podwright::forge
