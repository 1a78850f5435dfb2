// Small readings of what forges answer.
//
// Pure.
#pragma once

#include <string>

namespace podwright::forge {

// The query of the Link header's "next" page; "" on the last one. Only the query counts: a link never leads to another
// place than the one that was asked.
std::string NextPageQuery(const std::string& link);
// The query of the same page in smaller pieces, a fifth of it or one item: "per_page=20&page=3" becomes
// "per_page=4&page=11". "": it has no size, or one item already. The size is "per_page" or "limit".
std::string SmallerPageQuery(const std::string& query);
// What the forge says in an error's body, on one line, 500 bytes at most.
std::string ForgeWords(const std::string& body);

}  // namespace podwright::forge
