// Waiting for a Git source's look at its branch. `source`, `transfer` use it.
#pragma once

#include <chrono>

#include "core/result.h"
#include "podwright/v1/source.pb.h"

namespace podwright::cli {

class App;

// Until the look that `view` says was asked for is over. kDeadlineExceeded after `limit`, kCancelled when interrupted:
// the source goes on.
Result<v1::SourceView> AwaitLook(App& app, v1::SourceView view, std::chrono::seconds limit);

}  // namespace podwright::cli
