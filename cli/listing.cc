#include "cli/listing.h"

#include <algorithm>

#include "cli/app.h"

namespace podwright::cli {

Result<std::int64_t> ForEachObject(App& app, v1::ListRequest request, std::size_t limit,
                                   const std::function<void(const v1::ObjectView&)>& visit) {
  constexpr std::size_t kPage = 500;
  PW_ASSIGN(client::Control * control, app.control());
  std::int64_t revision = 0;
  std::size_t seen = 0;
  do {
    const std::size_t wanted = limit == 0 ? kPage : std::min(kPage, limit - seen);
    request.set_page_size(static_cast<std::uint32_t>(wanted));
    PW_ASSIGN(const v1::ListResponse page, control->List(request, app.call()));
    if (revision == 0) revision = page.revision();
    for (const v1::ObjectView& view : page.objects()) visit(view);
    seen += static_cast<std::size_t>(page.objects_size());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && (limit == 0 || seen < limit));
  return revision;
}

}  // namespace podwright::cli
