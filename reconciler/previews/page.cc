#include "reconciler/previews/page.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "reconciler/forge/markdown.h"

namespace podwright::previews {
namespace {

std::string Html(std::string_view text) {
  std::string out;
  for (const char c : forge::PlainText(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

// Everything but the actions, a line each: what, and its text.
std::vector<std::pair<std::string, std::string>> Lines(const Content& content) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& detail : content.details) out.emplace_back("", detail);
  for (const std::string& object : Summarize(content.plan).deletions) out.emplace_back("deletes something of", object);
  for (const std::string& line : content.policy) out.emplace_back("policy", line);
  for (const std::string& line : content.warnings) out.emplace_back("warning", line);
  for (const v1::Slice& slice : content.plan.slices()) {
    const std::string object = ObjectText(slice.object());
    if (!slice.error().empty()) out.emplace_back("error", object + ": " + slice.error());
    for (const std::string& need : slice.requirements()) out.emplace_back("requires", object + ": " + need);
    for (const std::string& note : slice.notes()) out.emplace_back("note", object + ": " + note);
  }
  if (out.size() > kMostLines) out.resize(kMostLines);
  return out;
}

std::string Name(const Content& content) {
  return content.workspace + "/" + content.source + ", pull request " + std::to_string(content.number) + ", head " +
         content.head.substr(0, 12) + " into " + content.branch;
}

std::size_t Shown(const std::vector<const v1::Action*>& actions) {
  return std::min(actions.size(), kMostLines);
}

std::string More(const std::vector<const v1::Action*>& actions) {
  return actions.size() > kMostLines ? "and " + std::to_string(actions.size() - kMostLines) + " more actions" : "";
}

}  // namespace

std::string PlainPreview(const Content& content) {
  std::string out = Name(content) + "\n" + Headline(content) + "\n";
  for (const auto& [what, text] : Lines(content)) out += "  " + (what.empty() ? "" : what + ": ") + text + "\n";
  const auto actions = Ordered(content.plan);
  for (std::size_t i = 0; i < Shown(actions); ++i) {
    const std::string disruption = DisruptionText(*actions[i]);
    out += std::to_string(i + 1) + ". " + WhereText(*actions[i]) + ": " + (actions[i]->deletes() ? "deletes: " : "") +
           actions[i]->summary() + (disruption.empty() ? "" : " (" + disruption + ")") + "\n";
  }
  if (const std::string more = More(actions); !more.empty()) out += more + "\n";
  if (!content.plan.digest().empty()) out += "Digest: " + DigestText(content) + "\n";
  if (!content.answer.empty()) out += content.answer + "\n";
  return forge::PlainText(out);
}

std::string PageOf(const Content& content) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"robots\" content=\"noindex\">"
      "<meta name=\"referrer\" content=\"no-referrer\"><title>Podwright preview</title><style>"
      "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
      "table{border-collapse:collapse}td,th{border:1px solid #8886;padding:.2rem "
      ".6rem;text-align:left;vertical-align:top}"
      "code{white-space:pre-wrap}</style></head><body>\n";
  out += "<h1>" + Html(Headline(content)) + "</h1>\n<p>" + Html(Name(content)) + "</p>\n<ul>\n";
  for (const auto& [what, text] : Lines(content)) {
    out += "<li>" + (what.empty() ? "" : Html(what) + ": ") + "<code>" + Html(text) + "</code></li>\n";
  }
  out += "</ul>\n<table><tr><th></th><th>where</th><th>what</th><th>disruption</th></tr>\n";
  const auto actions = Ordered(content.plan);
  for (std::size_t i = 0; i < Shown(actions); ++i) {
    out += "<tr><td>" + std::to_string(i + 1) + "</td><td><code>" + Html(WhereText(*actions[i])) + "</code></td><td>" +
           (actions[i]->deletes() ? "<strong>deletes</strong> " : "") + "<code>" + Html(actions[i]->summary()) +
           "</code></td><td>" + Html(DisruptionText(*actions[i])) + "</td></tr>\n";
  }
  out += "</table>\n";
  if (const std::string more = More(actions); !more.empty()) out += "<p>" + Html(more) + "</p>\n";
  if (!content.plan.digest().empty()) out += "<p>Digest: <code>" + DigestText(content) + "</code></p>\n";
  return out + "</body></html>\n";
}

}  // namespace podwright::previews
