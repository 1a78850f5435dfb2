// The comment of a preview, and its status. Pure: the same content, the same text; everything that comes from
// documents, servers or people is escaped, so that it shows as it is and does nothing.
#pragma once

#include <cstddef>
#include <string>

#include "reconciler/forge/forge.h"
#include "reconciler/previews/content.h"

namespace podwright::previews {

// At most `most` bytes: what does not fit is cut from the lists, with a line that says how much it is and where all of
// it can be read.
std::string CommentText(const Content& content, std::size_t most);

forge::CommitStatus StatusOf(const Content& content, std::size_t most_description);

}  // namespace podwright::previews
