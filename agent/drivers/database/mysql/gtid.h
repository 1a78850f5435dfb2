// Positions in MariaDB's logs: the last transaction of each replication domain, "0-11-42" (domain, server, sequence).
// Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::drivers::database::mysql {

struct Gtid {
  std::uint32_t server = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(const Gtid&) const = default;
};

// By domain.
using GtidPosition = std::map<std::uint32_t, Gtid>;

// "" is the position before everything. Invalid-argument for what is none: it may come from another server.
Result<GtidPosition> ParseGtidPosition(std::string_view text);
std::string FormatGtidPosition(const GtidPosition& position);

// Whether who is at `have` has everything up to `need`.
bool Covers(const GtidPosition& have, const GtidPosition& need);

// The later of both, by domain.
GtidPosition Later(const GtidPosition& a, const GtidPosition& b);

// What `BINLOG.state` says, which the server writes when it is shut down in order: a line for each domain and server,
// the last transaction of a domain last.
Result<GtidPosition> ParseBinlogState(std::string_view text);

}  // namespace podwright::drivers::database::mysql
