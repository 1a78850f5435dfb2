#include "provider/sdk/plugin/library_log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <string>

#include "provider/sdk/log.h"

namespace podwright::sdk::plugin {
namespace {

void FromGrpc(gpr_log_func_args* args) {
  const LogLevel level = args->severity == GPR_LOG_SEVERITY_ERROR  ? LogLevel::kError
                         : args->severity == GPR_LOG_SEVERITY_INFO ? LogLevel::kInfo
                                                                   : LogLevel::kDebug;
  Log(level, "grpc", {{"text", args->message}, {"place", std::string(args->file) + ":" + std::to_string(args->line)}});
}

void FromProtobuf(google::protobuf::LogLevel level, const char* file, int line, const std::string& message) {
  const LogLevel own = level == google::protobuf::LOGLEVEL_INFO      ? LogLevel::kInfo
                       : level == google::protobuf::LOGLEVEL_WARNING ? LogLevel::kWarn
                                                                     : LogLevel::kError;
  Log(own, "protobuf", {{"text", message}, {"place", std::string(file) + ":" + std::to_string(line)}});
}

}  // namespace

void RouteLibraryLogs() {
  gpr_set_log_function(FromGrpc);
  google::protobuf::SetLogHandler(FromProtobuf);
}

}  // namespace podwright::sdk::plugin
