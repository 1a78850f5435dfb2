// The whole of a preview, without any limit but kMostLines: as plain text for the command line, and as a page without
// scripts, pictures or anything from elsewhere. Pure; everything is escaped.
#pragma once

#include <string>

#include "reconciler/previews/content.h"

namespace podwright::previews {

inline constexpr std::size_t kMostLines = 20'000;
// For the header Content-Security-Policy.
inline constexpr char kPagePolicy[] =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string PlainPreview(const Content& content);
std::string PageOf(const Content& content);

}  // namespace podwright::previews
