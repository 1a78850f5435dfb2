#include "reconciler/sources/secret_memo.h"

#include "podwright/v1/control.pb.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "reconciler/control/control_plane.h"

namespace podwright::sources {

Result<std::string_view> SecretMemo::Open(const control::Caller& caller, const std::string& workspace,
                                          const std::string& name) {
  v1::GetRequest get;
  get.set_workspace(workspace);
  get.mutable_object()->set_kind("secret");
  get.mutable_object()->set_name(name);
  const Result<v1::ObjectView> view = control_.Get(caller, get);
  if (!view.ok()) return FailedPrecondition(view.error().ToString());
  v1::kinds::SecretStatus status;
  if (!status.ParseFromString(view->status())) return Internal("the status of secret/" + name + " cannot be read");
  if (status.version() == 0) {
    known_.erase(name);
    return FailedPrecondition("the secret " + name + " has no value yet: `podwright secret set " + name +
                              "` brings one");
  }
  Known& known = known_[name];
  if (known.version != status.version()) {
    v1::RevealSecretRequest reveal;
    reveal.set_workspace(workspace);
    reveal.set_name(name);
    reveal.set_version(status.version());
    PW_ASSIGN(v1::RevealedSecret revealed, control_.RevealSecret(caller, reveal));
    known.value = crypto::SecretString(std::string_view(revealed.value()));
    known.version = revealed.version();
    revealed.mutable_value()->assign(revealed.value().size(), '\0');
  }
  return known.value.Reveal();
}

}  // namespace podwright::sources
