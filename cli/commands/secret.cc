// podwright secret set|seal|seal-key|rotate|who-uses. Values come from standard input, from files or from a question,
// never from the command line.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/follow.h"
#include "cli/render/message.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "core/sealed_value.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

constexpr std::size_t kMaxValueBytes = 65536;

struct Options {
  std::string name;
  std::vector<std::string> parts;  // NAME=FILE
  std::string key_file;
  bool wait = true;
};

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotFound("cannot read " + path);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.size() > kMaxValueBytes) return InvalidArgument(path + " is larger than 64 KiB");
  return text;
}

Result<int> Finish(App& app, const std::string& workspace, const v1::SecretVersion& version, bool wait) {
  if (app.format() == OutputFormat::kTable) {
    app.terminal().out() << "secret/" << version.name() << " has version " << version.version() << ".\n";
  }
  int code = kDone;
  if (!version.run().empty() && wait) {
    PW_ASSIGN(code, FollowRun(app, workspace, version.run()));
  }
  Json value{{"name", version.name()}, {"version", version.version()}, {"run", version.run()}};
  app.PrintStructured(value);
  return code;
}

Result<int> Set(App& app, const Options& options) {
  PW_ASSIGN(const std::string workspace, app.workspace());
  PW_ASSIGN(client::Control * control, app.control());
  v1::SetSecretRequest request;
  request.set_workspace(workspace);
  request.set_name(options.name);
  for (const std::string& part : options.parts) {
    const std::size_t equals = part.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == part.size()) {
      return InvalidArgument("--part is NAME=FILE, not \"" + part.substr(0, equals) + "\"");
    }
    PW_ASSIGN((*request.mutable_parts())[part.substr(0, equals)], ReadFile(part.substr(equals + 1)));
  }
  if (options.parts.empty()) {
    PW_ASSIGN(std::string value, app.terminal().ReadSecret("Value of " + options.name, kMaxValueBytes));
    request.set_value(std::move(value));
  }
  PW_ASSIGN(const v1::SecretVersion version, control->SetSecret(std::move(request), app.call()));
  return Finish(app, workspace, version, options.wait);
}

Result<int> Rotate(App& app, const Options& options) {
  PW_ASSIGN(const std::string workspace, app.workspace());
  v1::RotateSecretRequest request;
  request.set_workspace(workspace);
  request.set_name(options.name);
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::SecretVersion version, control->RotateSecret(request, app.call()));
  return Finish(app, workspace, version, options.wait);
}

Result<v1::SealingKey> FetchKey(App& app) {
  v1::GetSealingKeyRequest request;
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(workspace);
  PW_ASSIGN(client::Control * control, app.control());
  return control->GetSealingKey(request, app.call());
}

// With --key nothing is asked of the control plane: it may be out of reach.
Result<SealedValueKey> KeyOf(App& app, const std::string& file) {
  if (!file.empty()) {
    PW_ASSIGN(const std::string text, ReadFile(file));
    auto key = ParseSealingKey(text);
    if (!key.ok()) return key.error().Wrap(file);
    return key;
  }
  PW_ASSIGN(const v1::SealingKey fetched, FetchKey(app));
  return ParseSealingKey(fetched.key());
}

Result<int> Seal(App& app, const Options& options) {
  PW_ASSIGN(const SealedValueKey key, KeyOf(app, options.key_file));
  PW_ASSIGN(std::string value, app.terminal().ReadSecret("Value of " + options.name, kMaxValueBytes));
  const auto sealed = SealValue(key, options.name, value);
  value.assign(value.size(), '\0');
  if (!sealed.ok()) return sealed.error();
  const Json json{{"name", options.name}, {"workspace", key.workspace}, {"sealed", *sealed}};
  if (!app.PrintStructured(json)) app.terminal().out() << *sealed << "\n";
  return kDone;
}

Result<int> SealKey(App& app, const Options&) {
  PW_ASSIGN(const v1::SealingKey key, FetchKey(app));
  if (!app.PrintStructured(MessageJson(key))) app.terminal().out() << key.key() << "\n";
  return kDone;
}

template <typename Versions>
std::string VersionsText(const Versions& versions) {
  std::string out;
  for (const std::int64_t version : versions) out += (out.empty() ? "" : ", ") + std::to_string(version);
  return out.empty() ? "none" : out;
}

Result<int> WhoUses(App& app, const Options& options) {
  v1::WhoUsesSecretRequest request;
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(workspace);
  request.set_name(options.name);
  PW_ASSIGN(client::Control * control, app.control());
  const auto response = control->WhoUsesSecret(request, app.call());
  if (!response.ok()) return response.error();
  if (app.PrintStructured(MessageJson(*response))) return kDone;
  std::ostream& out = app.terminal().out();
  out << "secret/" << response->name()
      << (response->version() > 0 ? " has version " + std::to_string(response->version()) : " has no value yet")
      << ".\n";
  if (response->consumers().empty()) {
    out << "Nobody uses it.\n";
    return kDone;
  }
  Table table({"OBJECT", "SERVER", "WANTS", "HAS", "STATE"});
  for (const v1::SecretConsumer& consumer : response->consumers()) {
    const std::string wants = VersionsText(consumer.wants()) + (consumer.pinned() ? " (pinned)" : "");
    table.Add({consumer.object().kind() + "/" + consumer.object().name(),
               consumer.server().empty() ? "-" : consumer.server(), wants, VersionsText(consumer.has()),
               consumer.pending() ? "to be delivered" : "up to date"});
  }
  out << table.Text();
  return kDone;
}

}  // namespace

void AddSecret(CLI::App& root, App& app) {
  CLI::App* group = root.add_subcommand("secret", "Values of secrets");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, Result<int> (*run)(App&, const Options&)) {
    auto options = std::make_shared<Options>();
    CLI::App* command = group->add_subcommand(name, text);
    command->callback([&app, options, run] { app.Choose([&app, options, run] { return run(app, *options); }); });
    return std::pair(command, options);
  };
  const auto named = [&](const char* name, const char* text, Result<int> (*run)(App&, const Options&)) {
    const auto made = add(name, text, run);
    made.first->add_option("name", made.second->name, "The secret's name")->required();
    return made;
  };
  const auto [set, set_options] = named("set", "Give a value, by standard input or when asked", &Set);
  set->add_option("--part", set_options->parts, "Of a secret with parts: NAME=FILE, each part once");
  const auto [rotate, rotate_options] =
      named("rotate", "Make a new value and bring it to everyone who uses it", &Rotate);
  set->add_flag("!--no-wait", set_options->wait, "Do not wait until the servers have it");
  rotate->add_flag("!--no-wait", rotate_options->wait, "Do not wait until the servers have it");
  const auto [seal, seal_options] = named(
      "seal", "Seal a value for Git: what `sealed:` of the secret takes, and this control plane alone opens", &Seal);
  seal->add_option("--key", seal_options->key_file, "A file with what `seal-key` printed: no control plane is needed");
  add("seal-key", "The public key to which values are sealed", &SealKey);
  named("who-uses", "Everyone who uses it, and which version they have", &WhoUses);
}

}  // namespace podwright::cli
