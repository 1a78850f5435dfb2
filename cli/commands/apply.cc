// podwright plan, podwright apply.
#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "cli/app.h"
#include "cli/applying.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"
#include "cli/plan_file.h"
#include "cli/render/message.h"
#include "cli/render/plan.h"
#include "cli/render/policy.h"
#include "cli/terminal.h"
#include "core/digest.h"

namespace podwright::cli {
namespace {

struct Source {
  std::string path = ".";
  std::string set = "default";
  bool prune = false;
};

void AddSource(CLI::App& command, Source& source) {
  command.add_option("path", source.path, "Folder or file of documents")->capture_default_str();
  command.add_option("--set", source.set, "The set that owns the objects: owner cli:SET")
      ->capture_default_str()
      ->check([](const std::string& text) {
        return text.empty() || text.find_first_of(" /:\n\t") != std::string::npos ? "not the name of a set" : "";
      });
  command.add_flag("--prune", source.prune, "Delete what the set has and the folder does not name");
}

// `bound`: to the objects as they are now, so that what somebody changes in between is not overwritten unseen.
Result<v1::ApplyRequest> RequestFor(App& app, const Source& source, bool bound,
                                    std::map<std::string, std::string>* places) {
  PW_ASSIGN(DocumentsToApply documents, LoadForApply(app, source.path));
  *places = std::move(documents.places);
  PW_ASSIGN(const std::string workspace, app.workspace());
  v1::ApplyRequest request;
  request.set_workspace(workspace);
  request.set_owner("cli:" + source.set);
  if (source.prune) request.set_scope(v1::APPLY_SCOPE_WHOLE_OWNER);
  if (bound) request.mutable_expected_revisions()->insert(documents.revisions.begin(), documents.revisions.end());
  for (v1::DesiredObject& object : documents.objects) *request.add_puts() = std::move(object);
  return request;
}

Json PlanWithPolicy(const v1::ApplyResponse& response) {
  Json value = PlanJson(response.plan());
  value["policy"] = PolicyJson(response.policy());
  return value;
}

struct PlanOptions {
  Source source;
  std::string out;
  bool detailed_exitcode = false;
  std::vector<std::string> targets;
};

Result<int> RunPlan(App& app, const PlanOptions& options) {
  std::map<std::string, std::string> places;
  PW_ASSIGN(v1::ApplyRequest request, RequestFor(app, options.source, !options.out.empty(), &places));
  for (const std::string& target : options.targets) {
    PW_ASSIGN(*request.add_targets(), ParseRef(app.kinds(), target));
  }
  PW_ASSIGN(v1::ApplyResponse response, DryRun(app, request));
  for (v1::Slice& slice : *response.mutable_plan()->mutable_slices()) {
    const auto place = places.find(slice.object().kind() + "/" + slice.object().name());
    if (slice.error().empty() || place == places.end()) continue;
    slice.mutable_error()->append(" (declared at " + place->second + ")");
  }
  if (!app.PrintStructured(PlanWithPolicy(response))) ShowPlan(app, response);
  const PlanSummary summary = Summarize(response.plan());
  if (summary.errors > 0) {
    for (const v1::Slice& slice : response.plan().slices()) {
      if (!slice.error().empty() && app.format() != OutputFormat::kTable) {
        app.terminal().err() << Printable(slice.object().kind() + "/" + slice.object().name() + ": " + slice.error())
                             << "\n";
      }
    }
    return kFailed;
  }
  if (!options.out.empty()) {
    request.set_plan_digest(response.plan().digest());
    PW_TRY(SavePlanFile(options.out, request));
    app.terminal().err() << "Saved: podwright apply " << options.out << " does just this, or refuses.\n";
  }
  return options.detailed_exitcode && summary.actions > 0 ? kChanges : kDone;
}

struct ApplyOptions {
  Source source;
  std::string digest;
  ApplyChoices choices;
};

Result<int> RunApply(App& app, const ApplyOptions& options) {
  v1::ApplyRequest request;
  std::map<std::string, std::string> places;
  if (IsPlanFile(options.source.path)) {
    PW_ASSIGN(request, LoadPlanFile(options.source.path));
  } else {
    PW_ASSIGN(request, RequestFor(app, options.source, !options.choices.yes, &places));
  }
  if (!options.digest.empty()) {
    Result<Digest> digest = Digest::FromHex(options.digest);
    if (!digest.ok()) return InvalidArgument("--digest must be the 64 hexadecimal digits that a plan shows");
    if (!request.plan_digest().empty() && request.plan_digest() != digest->View()) {
      return InvalidArgument("--digest is not the digest of the plan in " + options.source.path);
    }
    request.set_plan_digest(std::string(digest->View()));
  }
  const std::string bound = HexEncode(request.plan_digest());
  Result<int> code = ApplyAndFollow(app, std::move(request), options.choices);
  if (!code.ok() && !bound.empty() &&
      (code.error().code() == ErrorCode::kFailedPrecondition || code.error().code() == ErrorCode::kConflict)) {
    return code.error().Wrap("the plan with the digest " + bound + " was not applied");
  }
  if (!code.ok()) {
    const Error& error = code.error();
    const std::string placed = WithPlaces(error.message(), places);
    if (placed != error.message()) return Error(error.code(), placed, error.retry());
  }
  return code;
}

void AddPlan(CLI::App& root, App& app) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = root.add_subcommand("plan", "Show what would be done, in which order, and what it disturbs");
  AddSource(*command, options->source);
  CLI::Option* out = command->add_option("--out", options->out, "Save the plan; `apply FILE` does just that");
  command->add_flag("--detailed-exitcode", options->detailed_exitcode, "0: nothing to do, 1: an error, 2: changes");
  command->add_option("--target", options->targets, "Only what concerns KIND/NAME; may be repeated")->excludes(out);
  command->callback([&app, options] { app.Choose([&app, options] { return RunPlan(app, *options); }); });
}

void AddApply(CLI::App& root, App& app) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* command =
      root.add_subcommand("apply", "Have it done: a folder of documents, or a plan saved by plan --out");
  AddSource(*command, options->source);
  command->add_flag("-y,--yes", options->choices.yes, "Do not ask");
  command->add_flag("--wait-for-approval", options->choices.wait_for_approval,
                    "Where policy holds the plan back: wait until it is approved, then go on");
  command->add_option("--digest", options->digest, "Refuse any plan but the one with this digest");
  command->add_flag("!--no-wait", options->choices.wait, "Do not wait for the end of the run");
  command->callback([&app, options] { app.Choose([&app, options] { return RunApply(app, *options); }); });
}

}  // namespace

void AddPlanAndApply(CLI::App& root, App& app) {
  AddPlan(root, app);
  AddApply(root, app);
}

}  // namespace podwright::cli
