#include "agent/drivers/secrets/sealed.h"

namespace podwright::drivers {

Result<const v1::SealedSecret*> FindSealed(const v1::Dispatch& dispatch, const v1::SecretUse& use) {
  for (const v1::SealedSecret& sealed : dispatch.secrets()) {
    if (sealed.name() == use.name() && sealed.version() == use.version() && sealed.key() == use.key()) return &sealed;
  }
  return InvalidArgument("the action came without " + (use.key().empty() ? "" : "the part " + use.key() + " of ") +
                         "version " + std::to_string(use.version()) + " of the secret " + use.name());
}

Status OpenSecret(const Environment& environment, const v1::Dispatch& dispatch, const v1::SecretUse& use,
                  const std::function<Status(std::string_view value)>& with) {
  PW_ASSIGN(const v1::SealedSecret* sealed, FindSealed(dispatch, use));
  return environment.open_secret(*sealed, with);
}

Result<crypto::SecretString> SecretValue(const Environment& environment, const v1::Dispatch& dispatch,
                                         const v1::SecretUse& use) {
  crypto::SecretString out;
  PW_TRY(OpenSecret(environment, dispatch, use, [&out](std::string_view value) -> Status {
    out = crypto::SecretString(value);
    return Ok();
  }));
  return out;
}

}  // namespace podwright::drivers
