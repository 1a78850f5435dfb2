// podwright explain: what a kind or a field is.
#include "kinds/explain.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/terminal.h"
#include "kinds/json_schema.h"
#include "kinds/registry.h"

namespace podwright::cli {
namespace {

Result<int> ListKinds(App& app) {
  Json list = Json::array();
  Table table({"KIND", "YAML", "SHORT", "WHAT IT IS"});
  for (const kinds::Kind* kind : app.kinds().All()) {
    std::string shorts;
    for (const std::string& name : kind->short_names()) shorts += (shorts.empty() ? "" : ",") + name;
    const std::string summary = kind->doc().substr(0, kind->doc().find(". "));
    table.Add({kind->name(), kind->yaml_name(), shorts, summary});
    list.push_back({{"kind", kind->name()}, {"yaml", kind->yaml_name()}, {"doc", kind->doc()}});
  }
  if (!app.PrintStructured(list)) app.terminal().out() << table.Text();
  return kDone;
}

Result<int> RunExplain(App& app, const std::string& query, bool json_schema) {
  if (json_schema && query.empty()) {
    app.terminal().out() << kinds::JsonSchema(app.kinds()) << "\n";
    return kDone;
  }
  if (query.empty()) return ListKinds(app);
  if (json_schema) {
    const kinds::Kind* kind = app.kinds().FindByAnyName(query);
    if (kind == nullptr) return NotFound("there is no kind \"" + query + "\"");
    app.terminal().out() << kinds::JsonSchema(*kind) << "\n";
    return kDone;
  }
  PW_ASSIGN(const std::string text, kinds::Explain(app.kinds(), query));
  if (app.PrintStructured(Json{{"query", query}, {"text", text}})) return kDone;
  app.terminal().out() << text << (text.ends_with('\n') ? "" : "\n");
  return kDone;
}

}  // namespace

void AddExplain(CLI::App& root, App& app) {
  struct Options {
    std::string query;
    bool json_schema = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand("explain", "Say what a kind or a field is: explain server.files.mode");
  command->add_option("query", options->query, "KIND, or KIND.field.field; without it, all kinds");
  command->add_flag("--json-schema", options->json_schema, "The JSON Schema of the documents, for editors");
  command->callback([&app, options] {
    app.Choose([&app, options] { return RunExplain(app, options->query, options->json_schema); });
  });
}

}  // namespace podwright::cli
