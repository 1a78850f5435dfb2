// podwright completion: scripts for shells, made from the commands themselves.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/terminal.h"

namespace podwright::cli {
namespace {

struct Entry {
  std::string path;  // "run list"; "" is the program itself
  std::vector<const CLI::App*> commands;
  std::vector<std::string> flags;  // "--limit"
};

void Collect(CLI::App& command, const std::string& path, std::vector<Entry>& entries) {
  Entry entry{path, {}, {}};
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) entry.flags.push_back("--" + name);
  }
  const auto subcommands = command.get_subcommands([](CLI::App*) { return true; });
  for (CLI::App* child : subcommands) entry.commands.push_back(child);
  entries.push_back(entry);
  for (CLI::App* child : subcommands) {
    Collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), entries);
  }
}

std::string Words(const Entry& entry, const Entry& root) {
  std::string words;
  for (const CLI::App* command : entry.commands) words += command->get_name() + " ";
  for (const std::string& flag : entry.flags) words += flag + " ";
  if (&entry != &root) {
    for (const std::string& flag : root.flags) {
      if (flag != "--help" && flag != "--help-all") words += flag + " ";
    }
  }
  if (!words.empty()) words.pop_back();
  return words;
}

// The path of commands is what was typed before the cursor without flags; commands have no other words
// that are names of subcommands.
std::string Bash(const std::vector<Entry>& entries) {
  std::string out =
      "# bash completion for podwright: source <(podwright completion bash)\n"
      "_podwright() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" path=\"\" word next words\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$word\" in -*) continue ;; esac\n"
      "    next=\"${path:+$path }$word\"\n"
      "    case \"$next\" in\n";
  for (const Entry& entry : entries) {
    if (!entry.path.empty()) out += "      \"" + entry.path + "\") path=\"$next\" ;;\n";
  }
  out += "    esac\n  done\n  case \"$path\" in\n";
  for (const Entry& entry : entries) {
    out += "    \"" + entry.path + "\") words=\"" + Words(entry, entries.front()) + "\" ;;\n";
  }
  return out +
         "  esac\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "}\n"
         "complete -o default -F _podwright podwright\n";
}

std::string Zsh(const std::vector<Entry>& entries) {
  return "#compdef podwright\n"
         "# zsh completion for podwright: source <(podwright completion zsh)\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         Bash(entries);
}

std::string FishQuoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// True in fish where the line's words without flags begin with the path.
std::string FishCondition(const Entry& entry) {
  if (entry.path.empty()) return "__fish_use_subcommand";
  std::string condition;
  std::size_t start = 0;
  while (start <= entry.path.size()) {
    const std::size_t end = std::min(entry.path.find(' ', start), entry.path.size());
    condition += (condition.empty() ? "" : "; and ") + std::string("__fish_seen_subcommand_from ") +
                 entry.path.substr(start, end - start);
    start = end + 1;
  }
  return condition;
}

std::string Fish(const std::vector<Entry>& entries) {
  std::string out = "# fish completion for podwright: podwright completion fish | source\n";
  for (const Entry& entry : entries) {
    const std::string begin = "complete -c podwright -n " + FishQuoted(FishCondition(entry));
    for (const CLI::App* command : entry.commands) {
      out += begin + " -f -a " + command->get_name() + " -d " + FishQuoted(command->get_description()) + "\n";
    }
    for (const std::string& flag : entry.flags) {
      out += (entry.path.empty() ? std::string("complete -c podwright") : begin) + " -l " + flag.substr(2) + "\n";
    }
  }
  return out;
}

}  // namespace

void AddCompletion(CLI::App& root, App& app) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = root.add_subcommand("completion", "A script that completes commands in a shell");
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&app, &root, shell] {
    std::vector<Entry> entries;
    Collect(root, "", entries);
    const std::string script = *shell == "bash" ? Bash(entries) : *shell == "zsh" ? Zsh(entries) : Fish(entries);
    app.Choose([&app, script]() -> Result<int> {
      app.terminal().out() << script;
      return kDone;
    });
  });
}

}  // namespace podwright::cli
