// gRPC's status as our Error, with its whole message.
#pragma once

#include <grpcpp/support/status.h>

#include "core/result.h"

namespace podwright::client {

Error FromGrpc(const grpc::Status& status);

}  // namespace podwright::client
