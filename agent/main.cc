// podwright-agent: one on every server. See program.h and commands.h.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <string>

#include "agent/commands.h"
#include "agent/program.h"
#include "core/fault.h"
#include "core/log.h"

namespace {

struct Arguments {
  podwright::agent::ProgramOptions program;
  std::string log_level = "info";
  bool json_logs = false;
  std::string token_file;
  bool again = false;
  std::string span;
  std::string reason;
  std::string cache;
  std::function<podwright::Status()> command;
};

void AddCommands(CLI::App& app, Arguments& arguments) {
  using namespace podwright::agent;  // NOLINT: the commands
  app.require_subcommand(1);
  app.add_option("--state", arguments.program.state_folder, "The state folder")->capture_default_str();
  app.add_option("--log-level", arguments.log_level, "trace, debug, info, warn, error, off")
      ->envname("PODWRIGHT_LOG_LEVEL")
      ->capture_default_str();
  app.add_flag("--log-json", arguments.json_logs, "Log lines as JSON");

  CLI::App* run = app.add_subcommand("run", "Run the agent; enrols first when the token's file is there");
  run->add_option("--token-file", arguments.program.token_file, "The enrolment token's file")->capture_default_str();
  run->callback([&] { arguments.command = [&] { return RunAgent(arguments.program); }; });

  CLI::App* enrol = app.add_subcommand("enrol", "Enrol this server with a one-time token");
  enrol->add_option("--token-file", arguments.token_file, "A file of mode 0600, or - for standard input")->required();
  enrol->add_flag("--again", arguments.again, "Replace an identity that is there");
  enrol->callback([&] {
    arguments.command = [&] {
      return EnrolCommand(arguments.program.state_folder, arguments.token_file, arguments.program.version,
                          arguments.again);
    };
  });

  CLI::App* pause = app.add_subcommand("pause", "Do no actions and repair nothing for a while");
  pause->add_option("--for", arguments.span, "How long: 30m, 1h, 2d")->required();
  pause->add_option("--reason", arguments.reason, "Why, for the audit");
  pause->callback([&] {
    arguments.command = [&]() -> podwright::Status {
      const auto span = ParseSpan(arguments.span);
      if (!span) return podwright::InvalidArgument("--for wants a span like 30m, 1h or 2d");
      return PauseCommand(arguments.program.state_folder, *span, arguments.reason);
    };
  });

  app.add_subcommand("resume", "End a pause")->callback([&] {
    arguments.command = [&] { return ResumeCommand(arguments.program.state_folder); };
  });
  app.add_subcommand("status", "Show who the agent is and how it is")->callback([&] {
    arguments.command = [&] { return StatusCommand(arguments.program.state_folder); };
  });
  CLI::App* gate = app.add_subcommand("cache-gate", "The role check of a cache's Redis before it starts; for its unit");
  gate->group("");
  gate->add_option("name", arguments.cache, "The cache")->required();
  gate->callback([&] { arguments.command = [&] { return CacheGateCommand(arguments.cache); }; });
  app.add_subcommand("version", "Show the version")->callback([&] {
    arguments.command = [&] {
      std::printf("podwright-agent %s\n", arguments.program.version.c_str());
      return podwright::Ok();
    };
  });
  CLI::App* points = app.add_subcommand("fault-points", "List the places where a test can end this program");
  points->group("");
  points->callback([&] {
    arguments.command = [] {
      std::fputs(podwright::fault::PointsOf(podwright::fault::Program::kAgent).c_str(), stdout);
      return podwright::Ok();
    };
  });
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  arguments.program.version = PODWRIGHT_VERSION;
  try {
    CLI::App app("Podwright's agent: keeps this server as it was declared", "podwright-agent");
    AddCommands(app, arguments);
    CLI11_PARSE(app, argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "podwright-agent: %s\n", failure.what());
    return 2;
  }
  podwright::log::Init(podwright::log::ParseLevel(arguments.log_level),
                       arguments.json_logs ? podwright::log::Format::kJson : podwright::log::Format::kText);
  podwright::fault::Init();
  const podwright::Status done = arguments.command();
  if (done.ok()) return 0;
  std::fprintf(stderr, "podwright-agent: %s\n", done.error().ToString().c_str());
  return 1;
}
