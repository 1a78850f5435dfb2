// One comment of ours on a pull request, whatever happens in between: it carries a hidden marker, and before a new one
// is made the forge is asked whether it is there. Two that a late answer made become one again.
//
// Threading: any thread; for one pull request and marker one call at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "reconciler/forge/forge.h"

namespace podwright::forge {

// "<!-- podwright:PURPOSE:WORKSPACE/SOURCE#7 -->": an HTML comment that every forge keeps and none shows. `purpose`
// tells several comments on one pull request apart ("preview"). What is not [A-Za-z0-9._] is written as %XX.
std::string CommentMarker(std::string_view workspace, std::string_view source, std::int64_t number,
                          std::string_view purpose);
// The text with its marker as the first line.
std::string MarkedBody(std::string_view marker, std::string_view text);

// Those of `login` that begin with the marker, the oldest (lowest id) first.
std::vector<Comment> FindOwn(const std::vector<Comment>& comments, std::string_view marker, std::string_view login);

struct OwnComment {
  std::int64_t id = 0;
  std::string web_url;
  bool written = false;  // false: it said just this already
};

// Makes the one comment say `text` (the marker is put before it). `known`: its id as remembered, 0 when none is: then,
// and when that one is gone or another account's, the comments are looked through first. After kUnknown call again with
// known = 0.
Result<OwnComment> WriteOwnComment(Forge& forge, std::int64_t number, std::string_view marker, std::string_view text,
                                   std::int64_t known, const Pace& pace);

}  // namespace podwright::forge
