// podwright export.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <utility>
#include <vector>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"
#include "cli/exporting.h"
#include "cli/listing.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "kinds/registry.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

struct Options {
  std::vector<std::string> objects;
  std::string owner;
  std::string kind;
  std::string selector;
  std::string folder;
  bool force = false;
  bool actual = false;
};

Result<std::vector<v1::ObjectView>> Named(App& app, const std::vector<std::string>& names) {
  PW_ASSIGN(client::Control * control, app.control());
  std::vector<v1::ObjectView> out;
  for (const std::string& name : names) {
    v1::GetRequest request;
    PW_ASSIGN(*request.mutable_workspace(), app.workspace());
    PW_ASSIGN(*request.mutable_object(), ParseRef(app.kinds(), name));
    PW_ASSIGN(out.emplace_back(), control->Get(request, app.call()));
    if (out.back().object().lifecycle() != v1::LIFECYCLE_LIVE) return NotFound(name + " is being deleted");
  }
  return out;
}

Result<std::vector<v1::ObjectView>> Listed(App& app, const Options& options) {
  v1::ListRequest request;
  PW_ASSIGN(*request.mutable_workspace(), app.workspace());
  request.set_owner(options.owner);
  request.set_label_selector(options.selector);
  if (!options.kind.empty()) {
    PW_ASSIGN(const kinds::Kind* kind, FindKind(app.kinds(), options.kind));
    request.set_kind(kind->name());
  }
  std::vector<v1::ObjectView> out;
  PW_TRY(ForEachObject(app, std::move(request), 0, [&](const v1::ObjectView& view) {
    if (view.object().lifecycle() == v1::LIFECYCLE_LIVE) out.push_back(view);
  }));
  return out;
}

void Print(App& app, const std::vector<Exported>& documents) {
  bool first = true;
  for (const Exported& document : documents) {
    app.terminal().out() << (std::exchange(first, false) ? "" : "---\n") << document.text;
  }
}

Result<int> Run(App& app, const Options& options) {
  if (app.format() == OutputFormat::kJson) return InvalidArgument("documents are YAML; -o json is for `podwright get`");
  const bool listed = !options.owner.empty() || !options.kind.empty() || !options.selector.empty();
  if (listed && !options.objects.empty()) {
    return InvalidArgument("name objects, or choose them by --owner, --kind and --selector");
  }
  PW_ASSIGN(const std::vector<v1::ObjectView> views,
            options.objects.empty() ? Listed(app, options) : Named(app, options.objects));
  std::vector<Exported> documents;
  for (const v1::ObjectView& view : views) {
    PW_ASSIGN(documents.emplace_back(),
              ExportObject(app.kinds(), view, options.actual ? SpecOf::kActual : SpecOf::kDesired));
  }
  for (const Exported& document : documents) {
    for (const std::string& hint : document.hints)
      app.terminal().err() << Printable(RefText(document.ref) + ": " + hint) << "\n";
  }
  if (documents.empty()) app.terminal().err() << "Nothing found.\n";
  if (options.folder.empty()) {
    Print(app, documents);
    return kDone;
  }
  PW_ASSIGN(const int written,
            WriteExports(options.folder, documents, options.force ? Overwrite::kAll : Overwrite::kOwn));
  app.terminal().out() << documents.size() << " documents, " << written << " written anew, in "
                       << Printable(options.folder) << "\n";
  return kDone;
}

}  // namespace

void AddExport(CLI::App& root, App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand("export", "What is wanted as YAML documents, for a folder or for Git");
  command->add_option("objects", options->objects, "KIND/NAME, one or several; without any, all that are chosen");
  command->add_option("--owner", options->owner, "Only what this owner has: tofu:STACK, cli:SET, git:SOURCE");
  command->add_option("--kind", options->kind, "Only of this kind");
  command->add_option("-l,--selector", options->selector, "By labels: team=shop,tier!=db,canary");
  CLI::Option* folder = command->add_option("--dir", options->folder, "Into this folder, as KIND/NAME.yaml");
  command->add_flag("--force", options->force, "Replace files that no export has written")->needs(folder);
  command->add_flag("--actual", options->actual, "As it was found on the servers, with what differs put in");
  command->callback([&app, options] { app.Choose([&app, options] { return Run(app, *options); }); });
}

}  // namespace podwright::cli
