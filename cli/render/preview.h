// What an apply of a saved plan would do, for people, programs and pull requests. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/output.h"
#include "cli/tofu_plan.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {

class Terminal;

struct StackPreview {
  TofuStack planned;
  std::string title{};           // "": made from the stack and its workspace
  v1::ApplyResponse response{};  // of the dry run

  // Nothing is left open, so that the digest stands for all that will be done.
  bool bound() const { return planned.unbound.empty(); }
};

struct Preview {
  std::string tool_version;
  int unchanged = 0;  // resources
  std::vector<StackPreview> stacks;
};

// Slices that wait for something that is not there yet are no errors of the plan, but reasons why it is not bound.
void TakeOpenSlices(StackPreview* stack);

std::string PreviewText(const Preview& preview, const Terminal& terminal);
Json PreviewJson(const Preview& preview);
// One comment, at most 60,000 bytes long: what does not fit is counted. Text from the plan stands in code spans, so
// that it is neither markup nor a mention. Begins with kPreviewMark, by which a program finds its comment again.
std::string PreviewMarkdown(const Preview& preview);
// A change that has no plan: the same comment with what is wrong.
std::string ProblemMarkdown(const std::string& title, const std::string& problem,
                            const std::vector<std::string>& details);

inline constexpr char kPreviewMark[] = "<!-- podwright preview -->";

}  // namespace podwright::cli
