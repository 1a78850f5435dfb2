// Objects of the control plane, page by page.
#pragma once

#include <functional>

#include "core/result.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {

class App;

// Every object that the request asks for, up to `limit` (0: all). Answers the revision of the first page.
Result<std::int64_t> ForEachObject(App& app, v1::ListRequest request, std::size_t limit,
                                   const std::function<void(const v1::ObjectView&)>& visit);

}  // namespace podwright::cli
