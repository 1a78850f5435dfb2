// podwright watch: objects as they are now, and a line whenever one changes.
#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"
#include "cli/listing.h"
#include "cli/render/message.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "core/clock.h"
#include "kinds/registry.h"

namespace podwright::cli {
namespace {

class Watch {
 public:
  Watch(App& app, std::string workspace) : app_(app), workspace_(std::move(workspace)) {}

  Result<int> Run(const std::string& query) {
    PW_TRY(Parse(query));
    v1::ListRequest list;
    list.set_workspace(workspace_);
    list.set_kind(filter_.kind());
    PW_ASSIGN(const std::int64_t revision, ForEachObject(app_, std::move(list), 0, [this](const v1::ObjectView& view) {
                if (Concerns(view.object().kind(), view.object().name())) Show(view);
              }));
    v1::EventsRequest events;
    events.set_workspace(workspace_);
    events.set_from_revision(revision + 1);
    events.set_follow(true);
    if (!filter_.name().empty()) *events.mutable_object() = filter_;
    PW_ASSIGN(client::Control * control, app_.control());
    Status failed = Ok();
    const Status end = control->Events(
        events,
        [&](const v1::Event& event) {
          if (!Concerns(event.object().kind(), event.object().name())) return client::Next::kContinue;
          failed = ShowAgain(*control, event);
          return failed.ok() ? client::Next::kContinue : client::Next::kStop;
        },
        app_.call());
    PW_TRY(failed);
    PW_TRY(end);
    return kDone;
  }

 private:
  Status Parse(const std::string& query) {
    if (query.empty()) return Ok();
    if (query.find('/') != std::string::npos) {
      PW_ASSIGN(filter_, ParseRef(app_.kinds(), query));
      return Ok();
    }
    PW_ASSIGN(const kinds::Kind* kind, FindKind(app_.kinds(), query));
    filter_.set_kind(kind->name());
    return Ok();
  }

  bool Concerns(const std::string& kind, const std::string& name) const {
    return !kind.empty() && (filter_.kind().empty() || filter_.kind() == kind) &&
           (filter_.name().empty() || filter_.name() == name);
  }

  void Show(const v1::ObjectView& view) {
    const std::string object = view.object().kind() + "/" + view.object().name();
    std::string text(PhaseWord(view.phase()));
    for (const v1::Condition& condition : view.conditions()) {
      if (!condition.ok() && !condition.message().empty()) text += "  " + condition.message();
    }
    std::string& last = shown_[object];
    if (last == text) return;
    last = text;
    Print(object, text, ObjectJson(app_.kinds(), view));
  }

  Status ShowAgain(client::Control& control, const v1::Event& event) {
    v1::GetRequest request;
    request.set_workspace(workspace_);
    *request.mutable_object() = event.object();
    const Result<v1::ObjectView> view = control.Get(request, app_.call());
    if (view.ok()) {
      Show(*view);
    } else if (view.error().code() == ErrorCode::kNotFound) {
      const std::string object = RefText(event.object());
      if (shown_.erase(object) > 0) Print(object, "gone", Json{{"object", object}, {"phase", "gone"}});
    } else {
      return view.error();
    }
    return Ok();
  }

  void Print(const std::string& object, const std::string& text, const Json& value) {
    if (app_.format() == OutputFormat::kTable) {
      app_.terminal().out() << FormatRfc3339(app_.clock().Now()) << "  " << object << "  " << Printable(text) << "\n";
    } else if (app_.format() == OutputFormat::kJson) {
      app_.terminal().out() << value.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
    } else {
      app_.terminal().out() << "---\n" << YamlText(value);
    }
    app_.terminal().out() << std::flush;
  }

  App& app_;
  const std::string workspace_;
  v1::ObjectRef filter_;
  std::map<std::string, std::string> shown_;
};

}  // namespace

void AddWatch(CLI::App& root, App& app) {
  auto query = std::make_shared<std::string>();
  CLI::App* command = root.add_subcommand("watch", "Objects as they are now, and a line whenever one changes");
  command->add_option("object", *query, "A kind or KIND/NAME; without it, everything");
  command->callback([&app, query] {
    app.Choose([&app, query]() -> Result<int> {
      PW_ASSIGN(const std::string workspace, app.workspace());
      return Watch(app, workspace).Run(*query);
    });
  });
}

}  // namespace podwright::cli
