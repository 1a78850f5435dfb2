// What the three forges have in common: the client, the limits, who we are. For the files of reconciler/forge only.
//
// Threading: any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "reconciler/forge/forge.h"
#include "reconciler/forge/rest_client.h"

namespace podwright::forge {

class RestForge : public Forge {
 public:
  RestForge(ForgeType type, const Limits& limits, RestSettings settings, std::string bot_login, Clock& clock,
            Transport& transport, std::shared_ptr<Account> account)
      : client_(std::move(settings), clock, transport, std::move(account)),
        clock_(clock),
        type_(type),
        limits_(limits),
        bot_login_(std::move(bot_login)) {}

  ForgeType type() const override { return type_; }
  const Limits& limits() const override { return limits_; }
  SteadyTime WriteAt(Urgency urgency) override { return client_.account().pacer.WriteAt(urgency); }
  SteadyTime RetryAt() override { return client_.account().pacer.ReadAt(); }
  Result<std::string> BotLogin() override;

 protected:
  // Where the login stands in what /user answers.
  virtual const char* LoginField() const = 0;
  Status CheckComment(const std::string& body) const;
  // The description cut, the sha and the address looked at.
  Result<CommitStatus> CheckStatus(const std::string& sha, CommitStatus status) const;

  RestClient client_;
  Clock& clock_;

 private:
  const ForgeType type_;
  const Limits limits_;
  std::mutex mutex_;
  std::string bot_login_;  // protected by mutex_; "" until it is known
};

std::unique_ptr<Forge> MakeGitHub(const std::string& repository, RestSettings settings, std::string bot_login,
                                  Clock& clock, Transport& transport, std::shared_ptr<Account> account);
std::unique_ptr<Forge> MakeGitLab(const std::string& repository, RestSettings settings, std::string bot_login,
                                  Clock& clock, Transport& transport, std::shared_ptr<Account> account);
std::unique_ptr<Forge> MakeForgejo(const std::string& repository, RestSettings settings, std::string bot_login,
                                   Clock& clock, Transport& transport, std::shared_ptr<Account> account);

}  // namespace podwright::forge
