// Small readings of what forges answer.
//
// Pure.
#pragma once

#include <string>

namespace podwright::forge {

// The query of the Link header's "next" page; "" on the last one. Only the query counts: a link never leads to another
// place than the one that was asked.
std::string NextPageQuery(const std::string& link);
// What the forge says in an error's body, on one line, 500 bytes at most.
std::string ForgeWords(const std::string& body);

}  // namespace podwright::forge
