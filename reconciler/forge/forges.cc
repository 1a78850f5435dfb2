#include "reconciler/forge/forges.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "reconciler/forge/address_parts.h"
#include "reconciler/forge/markdown.h"
#include "reconciler/forge/rest_forge.h"

namespace podwright::forge {
namespace {

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty() && (text.front() == '\n' || text.front() == ' ')) text.remove_prefix(1);
  return text;
}

bool IsVisibleAscii(char c) {
  return c > ' ' && c < 0x7F;
}

}  // namespace

struct Forges::State {
  State(Clock& c, Transport& t, const PaceLimits& l) : clock(c), transport(t), limits(l) {}

  // One account: one API and one token. Different tokens of one person count together at the forge; that is for its
  // own refusals to say.
  std::shared_ptr<Account> AccountOf(const std::string& api_url, std::string_view token) {
    Sha256Hasher hasher;
    hasher.UpdateField(api_url);
    hasher.UpdateField(token);
    std::lock_guard lock(mutex);
    // Tokens come and go: some are good for an hour only.
    std::erase_if(accounts, [](const auto& one) { return one.second.use_count() == 1 && one.second->pacer.Idle(); });
    auto& account = accounts[std::string(hasher.Finish().View())];
    if (account == nullptr) account = std::make_shared<Account>(clock, limits);
    if (stopped) account->pacer.Stop();
    return account;
  }

  Clock& clock;
  Transport& transport;
  const PaceLimits limits;
  std::mutex mutex;
  // Protected by mutex. Kept for a while when no forge uses them: the pace goes on.
  std::map<std::string, std::shared_ptr<Account>> accounts;
  bool stopped = false;
};

Forges::Forges(Clock& clock, Transport& transport, const PaceLimits& limits)
    : state_(std::make_unique<State>(clock, transport, limits)) {}
Forges::~Forges() = default;

Result<std::unique_ptr<Forge>> Forges::Open(ForgeSettings settings) {
  const Address& address = settings.address;
  PW_TRY(CheckApiUrl(address.api_url));
  if (!IsRepositoryName(address.type, address.repository)) {
    return InvalidArgument("\"" + PlainLine(address.repository, 200) + "\" is no repository's name: OWNER/NAME");
  }
  const std::string_view token = Trimmed(settings.token.Reveal());
  if (token.empty()) return InvalidArgument("the forge's token is empty");
  if (!std::all_of(token.begin(), token.end(), IsVisibleAscii)) {
    return InvalidArgument("the forge's token holds what no token holds: spaces, line breaks or other characters");
  }
  if (settings.timeout < std::chrono::milliseconds(1)) return InvalidArgument("a request needs time");

  RestSettings rest;
  rest.api_url = address.api_url;
  rest.ca_pem = settings.ca_pem;
  rest.timeout = settings.timeout;
  const char* scheme = address.type == ForgeType::kForgejo ? "token " : "Bearer ";
  rest.authorization = crypto::SecretString(std::string(scheme) + std::string(token));
  auto account = state_->AccountOf(address.api_url, token);
  const auto make = [&](auto maker, const char* name) {
    rest.forge_name = name;
    return maker(address.repository, std::move(rest), settings.bot_login, state_->clock, state_->transport,
                 std::move(account));
  };
  switch (address.type) {
    case ForgeType::kGitHub: return make(MakeGitHub, "GitHub");
    case ForgeType::kGitLab: return make(MakeGitLab, "GitLab");
    case ForgeType::kForgejo: return make(MakeForgejo, "Forgejo");
  }
  return InvalidArgument("no such forge");
}

void Forges::Stop() {
  state_->transport.Stop();
  std::lock_guard lock(state_->mutex);
  state_->stopped = true;
  for (const auto& [key, account] : state_->accounts) account->pacer.Stop();
}

}  // namespace podwright::forge
