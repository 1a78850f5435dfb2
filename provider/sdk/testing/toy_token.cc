#include "provider/sdk/testing/toy_token.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace podwright::sdk::testing {
namespace {

// The private state: "JOURNAL\nFILE\nSECONDS". Nobody but the toy reads it.
struct Held {
  std::string journal{};
  std::string file{};
  std::int64_t seconds = 0;  // until the next renewal; 0: none

  static Held Parse(const std::string& text) {
    const std::size_t first = text.find('\n');
    const std::size_t second = text.find('\n', first + 1);
    if (first == std::string::npos || second == std::string::npos) throw std::runtime_error("private state lost");
    return {text.substr(0, first), text.substr(first + 1, second - first - 1), std::stoll(text.substr(second + 1))};
  }
  std::string ToText() const { return journal + "\n" + file + "\n" + std::to_string(seconds); }
  void Note(const char* word) const {
    if (!journal.empty()) std::ofstream(journal, std::ios::app) << word << '\n';
  }
  std::optional<std::chrono::system_clock::time_point> RenewAt() const {
    if (seconds == 0) return std::nullopt;
    return std::chrono::system_clock::now() + std::chrono::seconds(seconds);
  }
};

}  // namespace

Schema ToyToken::GetSchema() const {
  Schema schema;
  schema.description = "A token that is valid while it is open.";
  schema.attributes = {
      {.name = "name", .type = Type::String(), .required = true},
      {.name = "journal", .type = Type::String(), .optional = true},
      {.name = "renew_seconds", .type = Type::Number(), .optional = true},
      {.name = "wait_for", .type = Type::String(), .optional = true, .description = "Deferred until it is there."},
      {.name = "value", .type = Type::String(), .computed = true, .sensitive = true},
  };
  return schema;
}

void ToyToken::Validate(const ValidateRequest& request, Diagnostics& diagnostics) {
  if (request.config.Get("name").StringOr("x").find('/') != std::string::npos) {
    diagnostics.AddError("A bad name", "Names have no slashes.", "name");
  }
}

void ToyToken::Open(const OpenRequest& request, OpenResponse& response) {
  const Result<std::filesystem::path> folder = folder_->Get();
  if (!folder.ok()) return response.diagnostics.AddError("Cannot open the token", folder.error());
  const std::string* awaited = request.config.Get("wait_for").AsString();
  if (awaited != nullptr && !std::filesystem::exists(*folder / *awaited)) {
    response.deferred = DeferredReason::kAbsentPrerequisite;
    return;
  }
  const std::string name = request.config.Get("name").StringOr("");
  if (name == "none") return response.diagnostics.AddError("No such token", "There is none of that name.", "name");
  const Held held{.journal = request.config.Get("journal").StringOr(""),
                  .file = *folder / (name + ".open"),
                  .seconds = request.config.Get("renew_seconds").Int64Or(0)};
  std::ofstream(held.file) << "open";
  held.Note("open");
  response.result.SetField("value", Value::String("t0ken-of-" + name));
  response.private_state = held.ToText();
  response.renew_at = held.RenewAt();
}

void ToyToken::Renew(const RenewRequest& request, RenewResponse& response) {
  const Held held = Held::Parse(request.private_state);
  held.Note("renew");
  response.renew_at = held.RenewAt();
}

void ToyToken::Close(const CloseRequest& request, CloseResponse&) {
  const Held held = Held::Parse(request.private_state);
  held.Note("close");
  std::filesystem::remove(held.file);
}

Schema ToyWrongEphemeral::GetSchema() const {
  Schema schema;
  schema.description = "Breaks the rule that `fault` names.";
  schema.attributes = {
      {.name = "fault", .type = Type::String(), .required = true},
      {.name = "journal", .type = Type::String(), .optional = true},
      {.name = "absent", .type = Type::String(), .optional = true},
      {.name = "made", .type = Type::String(), .computed = true},
  };
  return schema;
}

void ToyWrongEphemeral::Open(const OpenRequest& request, OpenResponse& response) {
  const std::string fault = request.config.Get("fault").StringOr("");
  const Held held{.journal = request.config.Get("journal").StringOr("")};
  held.Note("open");
  response.private_state = held.ToText();
  response.result.SetField("made", Value::String("made"));
  if (fault == "throw") throw std::runtime_error("the toy is broken");
  if (fault == "nothing") response.result = Value::Null();
  if (fault == "unknown") response.result.SetField("made", Value::Unknown());
  if (fault == "type") response.result.SetField("made", Value::List({}));
  if (fault == "value") response.result.SetField("fault", Value::String("other"));
  if (fault == "absent") response.result.SetField("absent", Value::String("here"));
  if (fault == "renew") response.renew_at = std::chrono::system_clock::now() + std::chrono::hours(1);
}

void ToyWrongEphemeral::Close(const CloseRequest& request, CloseResponse&) {
  Held::Parse(request.private_state).Note("close");
}

}  // namespace podwright::sdk::testing
