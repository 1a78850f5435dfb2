// Text from outside in a comment's Markdown: names, values and messages of documents show as they are and do nothing.
//
// Nothing that comes out can be a mention, a reference (#7, !7, a commit, a link of any kind), HTML, an entity, an
// emphasis, a table's or a list's edge, the end of a code span or block, or a control or bidi character; invalid UTF-8
// becomes U+FFFD. It holds on GitHub, GitLab and Forgejo/Gitea at once, so the text does not depend on the forge.
//
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace podwright::forge {

// For running text, headings, link texts and table cells. One line: line breaks become spaces. `most` characters, then
// "…"; 0: all.
std::string EscapeInline(std::string_view text, std::size_t most = 0);
// For text inside HTML elements that the comment itself has (<summary>, <td>): as EscapeInline, and no Markdown needed.
std::string EscapeHtml(std::string_view text, std::size_t most = 0);
// `text` as a code span with its delimiters, safe in a table cell, too. Never empty. Line breaks become spaces.
std::string CodeSpan(std::string_view text, std::size_t most = 0);
// `text` as a fenced block on lines of its own; the fence is longer than any in the text. `language`: a word of ours.
std::string CodeBlock(std::string_view text, std::string_view language = {});
// The same text without control, bidi and invisible characters, with line feeds and tabs kept: for plain places, such
// as a status's description.
std::string PlainText(std::string_view text);
std::string PlainLine(std::string_view text, std::size_t most_bytes);

}  // namespace podwright::forge
