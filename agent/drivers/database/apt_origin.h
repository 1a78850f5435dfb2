// From which apt source a database's programs come: a pin of apt's own (apt_preferences(5)) for the packages of one
// engine, and the check that what apt would install comes from there and has the version that was asked for.
//
// Threading: one thread at a time. Errors: apt's own words.
#pragma once

#include <string>
#include <vector>

#include "agent/host/host.h"

namespace podwright::drivers::database {

struct AptOrigin {
  std::string name;  // of the source, in the server's `apt_sources`
  std::string uri;
};

// The file that pins, one a database.
std::string AptPinPath(const std::string& object);

// "pgdg https://…" as the pin says it; empty: nothing is pinned by Podwright.
Result<std::string> PinnedOrigin(host::Files& files, const std::string& object);

// Pins the engine's packages to the source, and checks that the server's package that apt would install comes from
// there and is of the major version. Not-found, with what apt knows, where it does not: then nothing is pinned any
// more.
Status PinTo(host::Host& host, const std::string& object, const std::string& engine, const AptOrigin& origin,
             const std::string& version);

Status Unpin(host::Files& files, const std::string& object);

}  // namespace podwright::drivers::database
