#include "reconciler/sources/look.h"

#include <algorithm>
#include <vector>

#include "core/digest.h"
#include "kinds/canonical.h"
#include "kinds/loader.h"
#include "kinds/registry.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/control/control_plane.h"

namespace podwright::sources {
namespace {

constexpr std::size_t kLongestMessage = 16 << 10;

std::string Short(const std::string& commit) {
  return commit.substr(0, 12);
}

// Passing, where trying the same again may help.
bool MayPass(const Error& error) {
  return error.retry() != Retry::kNever || error.code() == ErrorCode::kConflict;
}

class Look {
 public:
  Look(const LookTools& tools, const LookInput& input, LookMemory& memory)
      : tools_(tools),
        in_(input),
        memory_(memory),
        caller_{"git:" + input.id.name, control::Role::kOperator, input.id.workspace, ""},
        mirror_(MirrorOf(tools.mirrors, input.ledger.uid())) {}

  LookOutcome Run() {
    if (Bring() && !UpToDate() && Trusted()) {
      if (const auto request = Load()) Apply(*request);
    }
    return std::move(out_);
  }

 private:
  void Block(const std::string& reason, const Error& error, const std::string& commit, bool passing) {
    v1::SourceProblem problem;
    problem.set_reason(reason);
    std::string message = error.ToString();
    if (message.size() > kLongestMessage) {
      message.resize(kLongestMessage);
      while (!message.empty() && (static_cast<unsigned char>(message.back()) & 0xc0) == 0x80) message.pop_back();
      message += " …";
    }
    problem.set_message(std::move(message));
    problem.set_commit(commit);
    out_.problem = std::move(problem);
    out_.passing = passing;
  }

  // The head into the mirror; the wanted commit into `out_`. A pinned commit is there already: it needs no network.
  bool Bring() {
    const Result<std::string> head = Fetch();
    if (in_.ledger.has_pin()) {
      out_.wanted = in_.ledger.pin().commit();
    } else if (head.ok()) {
      out_.wanted = *head;
    }
    out_.fetched = head.ok();
    if (!head.ok()) Block("FetchFailed", head.error(), "", true);
    if (out_.wanted.empty()) return false;
    const auto info = mirror_.Describe(out_.wanted);
    if (info.ok()) out_.wanted_subject = info->subject;
    return head.ok() || in_.ledger.has_pin();
  }

  Result<std::string> Fetch() {
    git::FetchRequest request;
    request.mirror = mirror_.path();
    request.url = in_.spec.url();
    request.branch = in_.spec.branch();
    request.username = in_.spec.credentials().username();
    request.timeout = std::chrono::milliseconds(in_.spec.timeout());
    request.ca_pem = in_.spec.ca();
    request.host_keys.assign(in_.spec.host_keys().begin(), in_.spec.host_keys().end());
    if (in_.spec.has_credentials()) {
      PW_ASSIGN(const std::string_view secret,
                memory_.secrets.Open(caller_, in_.id.workspace, in_.spec.credentials().secret()));
      request.secret = crypto::SecretString(secret);
    }
    Result<std::string> head = tools_.fetcher.Fetch(request);
    // A head whose own commit cannot be read is no better than none.
    const bool broken = head.ok() ? !mirror_.Describe(*head).ok() : head.error().code() == ErrorCode::kDataLoss;
    if (!broken) return head;
    PW_TRY(mirror_.Remove());
    return tools_.fetcher.Fetch(request);
  }

  bool UpToDate() const {
    const v1::SourceLedger& ledger = in_.ledger;
    return ledger.applied().commit() == out_.wanted && ledger.applied_generation() == in_.generation &&
           ledger.applied().pinned() == ledger.has_pin();
  }

  bool Trusted() {
    const auto refusal = memory_.checks.Check(mirror_, in_.spec, in_.ledger, out_.wanted);
    if (!refusal) return true;
    if (refusal->error.code() == ErrorCode::kDataLoss) Forget();
    Block(refusal->reason, refusal->error, refusal->commit, refusal->error.code() == ErrorCode::kDataLoss);
    return false;
  }

  // The next look fetches all of it again.
  void Forget() {
    const Status removed = mirror_.Remove();
    static_cast<void>(removed.ok());
  }

  std::optional<v1::ApplyRequest> Load() {
    const auto files = mirror_.Read(out_.wanted, in_.spec.path());
    const std::string where = "commit " + Short(out_.wanted);
    if (!files.ok()) {
      const bool broken = files.error().code() == ErrorCode::kDataLoss;
      if (broken) Forget();
      Block(broken ? "MirrorBroken" : "BadFolder", files.error().Wrap(where), out_.wanted, broken);
      return std::nullopt;
    }
    std::vector<kinds::NamedText> texts;
    for (const git::FolderFile& file : *files) texts.push_back({file.path, file.text});
    const kinds::LoadedFolder folder = kinds::LoadTexts(tools_.kinds, texts, Known());
    if (folder.diagnostics.has_errors()) {
      const auto& items = folder.diagnostics.items();
      const auto errors = std::count_if(items.begin(), items.end(), [](const kinds::Diagnostic& item) {
        return item.severity == kinds::Severity::kError;
      });
      Block("BrokenDocuments",
            InvalidArgument(where + " has " + std::to_string(errors) + (errors == 1 ? " error" : " errors") +
                            "; everything stays as it runs:\n" + folder.diagnostics.ToString()),
            out_.wanted, false);
      return std::nullopt;
    }
    if (folder.documents.empty()) {
      Block("EmptyFolder",
            FailedPrecondition(where + ": " + (in_.spec.path().empty() ? "the repository" : in_.spec.path()) +
                               " holds no documents; an empty folder never deletes anything. To end the source's "
                               "objects: podwright delete; to end the source: delete its GitSource"),
            out_.wanted, false);
      return std::nullopt;
    }
    return Request(folder);
  }

  // What documents may refer to without declaring it. What this source would delete is not there.
  kinds::LoadOptions Known() {
    kinds::LoadOptions options;
    for (const control::ObjectHead& head : tools_.control.ObjectHeads(in_.id.workspace)) {
      if (in_.spec.prune() && head.owner == caller_.actor) continue;
      options.known.emplace(head.kind, head.name);
    }
    return options;
  }

  v1::ApplyRequest Request(const kinds::LoadedFolder& folder) const {
    v1::ApplyRequest request;
    request.set_workspace(in_.id.workspace);
    request.set_owner(caller_.actor);
    request.set_scope(in_.spec.prune() ? v1::APPLY_SCOPE_WHOLE_OWNER : v1::APPLY_SCOPE_LISTED);
    for (const kinds::LoadedDocument& document : folder.documents) *request.add_puts() = document.object;
    // After a crash the same commit finds the answer of before; the same commit later on is a new request.
    request.set_idempotency_key("git/" + in_.ledger.uid() + "/" + std::to_string(in_.ledger.serial() + 1) + "/" +
                                Sha256(kinds::CanonicalBytes(request)).Hex().substr(0, 32));
    return request;
  }

  void Apply(const v1::ApplyRequest& request) {
    const auto response = tools_.control.Apply(caller_, request);
    if (!response.ok()) {
      Block("Refused", response.error().Wrap("commit " + Short(out_.wanted) + " cannot be applied"), out_.wanted,
            MayPass(response.error()));
      return;
    }
    v1::AppliedCommit applied;
    applied.set_commit(out_.wanted);
    const auto info = mirror_.Describe(out_.wanted);
    if (info.ok()) {
      applied.set_subject(info->subject);
      applied.set_author(info->author);
      applied.set_committed_unix_ms(info->unix_ms);
    }
    applied.set_applied_unix_ms(ToUnixMillis(tools_.clock.Now()));
    applied.set_revision(response->revision());
    applied.set_run(response->run());
    applied.set_documents(static_cast<std::uint32_t>(request.puts_size()));
    applied.set_pinned(in_.ledger.has_pin());
    out_.applied = std::move(applied);
  }

  const LookTools& tools_;
  const LookInput& in_;
  LookMemory& memory_;
  const control::Caller caller_;
  const git::Mirror mirror_;
  LookOutcome out_;
};

}  // namespace

std::filesystem::path MirrorOf(const std::filesystem::path& mirrors, const std::string& uid) {
  return mirrors / (Sha256(uid).Hex().substr(0, 32) + ".git");
}

LookOutcome LookAt(const LookTools& tools, const LookInput& input, LookMemory& memory) {
  return Look(tools, input, memory).Run();
}

}  // namespace podwright::sources
