// podwright preview --tofu-plan FILE, podwright preview --base REF --head REF.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>

#include "cli/app.h"
#include "cli/applying.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"
#include "cli/git_preview.h"
#include "cli/render/message.h"
#include "cli/render/plan.h"
#include "cli/render/preview.h"
#include "cli/terminal.h"
#include "cli/tofu_plan.h"

namespace podwright::cli {
namespace {

constexpr std::size_t kLargestPlan = std::size_t{256} << 20;

struct Options {
  std::string file;
  std::string stack;
  bool markdown = false;
  std::string format;
  bool detailed_exitcode = false;
  GitPreviewChoices git;
};

Result<std::string> ReadAll(App& app, const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return ErrnoError(errno, "open " + path);
  }
  std::istream& in = path == "-" ? app.terminal().in() : file;
  std::string text;
  std::string part(std::size_t{1} << 16, '\0');
  while (in.read(part.data(), static_cast<std::streamsize>(part.size())) || in.gcount() > 0) {
    text.append(part, 0, static_cast<std::size_t>(in.gcount()));
    if (text.size() > kLargestPlan) return InvalidArgument(path + " is larger than 256 MiB");
  }
  if (in.bad()) return ErrnoError(EIO, "read " + path);
  return text;
}

Result<Preview> MakePreview(App& app, const Options& options) {
  TofuPlanOptions reading;
  if (!options.stack.empty()) reading.stack = options.stack;
  if (!reading.stack) reading.stack = app.environment()("PODWRIGHT_STACK");
  PW_ASSIGN(const std::string text, ReadAll(app, options.file));
  Result<TofuPlan> plan = ReadTofuPlan(app.kinds(), text, reading);
  if (!plan.ok()) return plan.error().Wrap(options.file == "-" ? "standard input" : options.file);
  Preview preview{plan->tool_version, plan->unchanged, {}};
  for (TofuStack& stack : plan->stacks) {
    if (stack.request.workspace().empty()) {
      PW_ASSIGN(*stack.request.mutable_workspace(), app.workspace());
    }
    StackPreview made{std::move(stack), {}, {}};
    // Nothing of the stack may be known yet; then there is nothing to ask.
    if (made.planned.request.puts_size() + made.planned.request.deletes_size() > 0) {
      Result<v1::ApplyResponse> response = DryRun(app, made.planned.request);
      if (!response.ok()) return response.error().Wrap("stack " + made.planned.stack);
      made.response = *std::move(response);
    }
    TakeOpenSlices(&made);
    preview.stacks.push_back(std::move(made));
  }
  return preview;
}

// What cannot be planned is shown in every form, too: a job that comments has something to say.
Result<int> ShowProblem(App& app, const GitPreview& made, bool markdown) {
  std::vector<std::string> details;
  for (const kinds::Diagnostic& item : made.diagnostics) details.push_back(item.ToString());
  const std::string title = made.preview.stacks.front().title;
  Json value = PreviewJson(made.preview);
  value["problem"] = made.problem;
  value["details"] = details;
  if (markdown) {
    app.terminal().out() << ProblemMarkdown(title, made.problem, details);
  } else if (!app.PrintStructured(value)) {
    PrintDiagnostics(made.diagnostics, app.terminal());
  }
  app.terminal().out() << std::flush;
  return InvalidArgument(made.problem);
}

Result<int> Run(App& app, const Options& options) {
  const bool markdown = options.markdown || options.format == "markdown";
  if (markdown && app.format() != OutputFormat::kTable) {
    return InvalidArgument("Markdown and -o json or yaml are different outputs: choose one");
  }
  if (options.format == "json") app.SetFormat(OutputFormat::kJson);
  Preview preview;
  if (!options.git.head.empty()) {
    PW_ASSIGN(GitPreview made, MakeGitPreview(app, options.git));
    if (!made.problem.empty()) return ShowProblem(app, made, markdown);
    PrintDiagnostics(made.diagnostics, app.terminal());
    preview = std::move(made.preview);
  } else {
    PW_ASSIGN(preview, MakePreview(app, options));
  }
  if (markdown) {
    app.terminal().out() << PreviewMarkdown(preview);
  } else if (!app.PrintStructured(PreviewJson(preview))) {
    for (const StackPreview& stack : preview.stacks) {
      for (const std::string& warning : stack.response.warnings()) {
        app.terminal().err() << app.terminal().Paint(Style::kYellow, "warning") << ": " << Printable(warning) << "\n";
      }
    }
    app.terminal().out() << PreviewText(preview, app.terminal());
  }
  bool changes = false;
  for (const StackPreview& stack : preview.stacks) {
    const PlanSummary summary = Summarize(stack.response.plan());
    if (summary.errors > 0) return kFailed;
    changes = changes || summary.actions > 0 || !stack.bound();
  }
  return options.detailed_exitcode && changes ? kChanges : kDone;
}

}  // namespace

void AddPreview(CLI::App& root, App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      root.add_subcommand("preview", "Show what a saved OpenTofu or Terraform plan, or a merge of a branch, would do");
  command->add_option("--tofu-plan", options->file, "What `tofu show -json PLAN` writes; - for standard input");
  command->add_option("--base", options->git.base, "The branch or commit that a merge would go into");
  command->add_option("--head", options->git.head, "The branch or commit that would be merged");
  command->add_option("--repo", options->git.repository, "The local clone (else the current folder)");
  command->add_option("--source", options->git.source, "The Git source whose documents these are");
  command->add_option("--owner", options->git.owner, "Whose objects these are, where there is no source yet: git:NAME");
  command->add_option("--path", options->git.path, "The folder of documents (else the source's)");
  command->add_option("--format", options->format, "markdown, json or text")
      ->check(CLI::IsMember({"markdown", "json", "text"}));
  command->add_flag("--markdown", options->markdown, "The same as --format markdown: a comment for a pull request");
  command->add_option("--stack", options->stack, "The provider's stack, where the plan does not say it");
  command->add_flag("--detailed-exitcode", options->detailed_exitcode, "0: nothing to do, 1: an error, 2: changes");
  command->callback([&app, options] {
    const bool git = !options->git.head.empty();
    if (git == !options->file.empty() || git == options->git.base.empty()) {
      throw CLI::RequiredError("Either --tofu-plan FILE, or --base REF with --head REF,");
    }
    app.Choose([&app, options] { return Run(app, *options); });
  });
}

}  // namespace podwright::cli
