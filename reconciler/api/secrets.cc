// SetSecret, RotateSecret, RevealSecret, WhoUsesSecret, GetSealingKey.
#include "reconciler/api/control_service.h"
#include "reconciler/control/control_plane.h"

namespace podwright::api {

using control::Caller;

grpc::Status ControlService::SetSecret(Context* context, const v1::SetSecretRequest* request,
                                       v1::SecretVersion* response) {
  return Handle(*context, "SetSecret", response,
                [&](const Caller& caller) { return d_.control.SetSecret(caller, *request); });
}

grpc::Status ControlService::RotateSecret(Context* context, const v1::RotateSecretRequest* request,
                                          v1::SecretVersion* response) {
  return Handle(*context, "RotateSecret", response,
                [&](const Caller& caller) { return d_.control.RotateSecret(caller, *request); });
}

grpc::Status ControlService::RevealSecret(Context* context, const v1::RevealSecretRequest* request,
                                          v1::RevealedSecret* response) {
  return Handle(*context, "RevealSecret", response,
                [&](const Caller& caller) { return d_.control.RevealSecret(caller, *request); });
}

grpc::Status ControlService::WhoUsesSecret(Context* context, const v1::WhoUsesSecretRequest* request,
                                           v1::WhoUsesSecretResponse* response) {
  return Handle(*context, "WhoUsesSecret", response,
                [&](const Caller& caller) { return d_.control.WhoUsesSecret(caller, *request); });
}

grpc::Status ControlService::GetSealingKey(Context* context, const v1::GetSealingKeyRequest* request,
                                           v1::SealingKey* response) {
  return Handle(*context, "GetSealingKey", response,
                [&](const Caller& caller) { return d_.control.GetSealingKey(caller, *request); });
}

}  // namespace podwright::api
