// podwright get, podwright describe.
#include <CLI/CLI.hpp>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"
#include "cli/listing.h"
#include "cli/render/event.h"
#include "cli/render/message.h"
#include "cli/render/object.h"
#include "cli/terminal.h"
#include "core/clock.h"
#include "kinds/registry.h"

namespace podwright::cli {
namespace {

struct GetOptions {
  std::string kind;
  std::string name;
  std::string selector;
  std::string owner;
  std::size_t limit = 0;
  bool refresh = false;
};

Result<v1::ObjectView> GetOne(App& app, v1::ObjectRef ref, bool refresh) {
  v1::GetRequest request;
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(workspace);
  *request.mutable_object() = std::move(ref);
  request.set_refresh(refresh);
  PW_ASSIGN(client::Control * control, app.control());
  return control->Get(request, app.call());
}

Result<int> RunGet(App& app, const GetOptions& options) {
  std::string kind_name = options.kind;
  std::string name = options.name;
  if (const std::size_t slash = kind_name.find('/'); slash != std::string::npos && name.empty()) {
    name = kind_name.substr(slash + 1);
    kind_name.erase(slash);
  }
  if (!kind_name.empty()) {
    PW_ASSIGN(const kinds::Kind* kind, FindKind(app.kinds(), kind_name));
    kind_name = kind->name();
  }
  ObjectTable table(app.clock(), kind_name.empty());
  if (!name.empty()) {
    v1::ObjectRef ref;
    ref.set_kind(kind_name);
    ref.set_name(name);
    PW_ASSIGN(const v1::ObjectView view, GetOne(app, std::move(ref), options.refresh));
    if (app.PrintStructured(ObjectJson(app.kinds(), view))) return kDone;
    table.Add(view);
    app.terminal().out() << table.Text();
    return kDone;
  }

  v1::ListRequest request;
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(workspace);
  request.set_kind(kind_name);
  request.set_label_selector(options.selector);
  request.set_owner(options.owner);
  Json list = Json::array();
  PW_TRY(ForEachObject(app, std::move(request), options.limit, [&](const v1::ObjectView& view) {
    if (app.format() == OutputFormat::kTable) {
      table.Add(view);
    } else {
      list.push_back(ObjectJson(app.kinds(), view));
    }
  }));
  if (app.PrintStructured(list)) return kDone;
  app.terminal().out() << (table.empty() ? std::string("Nothing found.\n") : table.Text());
  return kDone;
}

Result<int> RunDescribe(App& app, const std::string& object, bool refresh) {
  constexpr std::size_t kEventsShown = 10;
  PW_ASSIGN(const v1::ObjectRef ref, ParseRef(app.kinds(), object));
  PW_ASSIGN(const v1::ObjectView view, GetOne(app, ref, refresh));
  v1::EventsRequest request;
  request.set_workspace(view.object().workspace());
  *request.mutable_object() = ref;
  std::deque<v1::Event> events;
  PW_ASSIGN(client::Control * control, app.control());
  PW_TRY(control->Events(
      request,
      [&](const v1::Event& event) {
        events.push_back(event);
        if (events.size() > kEventsShown) events.pop_front();
        return client::Next::kContinue;
      },
      app.call()));

  Json value = ObjectJson(app.kinds(), view);
  value["events"] = Json::array();
  for (const v1::Event& event : events) value["events"].push_back(MessageJson(event));
  if (app.PrintStructured(value)) return kDone;
  app.terminal().out() << DescribeObject(app.kinds(), view, app.terminal(), app.clock());
  if (!events.empty()) app.terminal().out() << app.terminal().Paint(Style::kBold, "Last events") << "\n";
  for (const v1::Event& event : events) app.terminal().out() << "  " << EventLine(event, app.terminal()) << "\n";
  return kDone;
}

}  // namespace

void AddGet(CLI::App& root, App& app) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* get = root.add_subcommand("get", "List objects, or show one");
  get->add_option("kind", options->kind, "The kind, or KIND/NAME; without it, objects of all kinds");
  get->add_option("name", options->name, "The object's name");
  get->add_option("-l,--selector", options->selector, "By labels: team=shop,tier!=db,canary");
  get->add_option("--owner", options->owner, "Only what this owner has: cli:default, tofu:STACK");
  get->add_option("--limit", options->limit, "At most so many (0: all)")->capture_default_str();
  get->add_flag("--refresh", options->refresh, "Ask the servers first (with a name)");
  get->callback([&app, options] { app.Choose([&app, options] { return RunGet(app, *options); }); });

  struct DescribeOptions {
    std::string object;
    bool refresh = false;
  };
  auto describe_options = std::make_shared<DescribeOptions>();
  CLI::App* describe = root.add_subcommand("describe", "Everything that is known of an object");
  describe->add_option("object", describe_options->object, "KIND/NAME")->required();
  describe->add_flag("--refresh", describe_options->refresh, "Ask the servers first");
  describe->callback([&app, describe_options] {
    app.Choose(
        [&app, describe_options] { return RunDescribe(app, describe_options->object, describe_options->refresh); });
  });
}

}  // namespace podwright::cli
