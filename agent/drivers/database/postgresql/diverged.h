// What a former primary alone had, before pg_rewind takes it away: told to people, so that nothing goes in silence.
//
// Pure; any thread. The forms are those of pg_rewind and pg_waldump of PostgreSQL 13 to 17.
#pragma once

#include <optional>
#include <string>

namespace podwright::drivers::database::postgresql {

struct Divergence {
  std::string position;  // "0/3000148"
  std::string timeline;  // "1"
};

// "pg_rewind: servers diverged at WAL location 0/3000148 on timeline 1"; nothing where it says no such thing.
std::optional<Divergence> ParseDivergence(const std::string& words);

// From pg_waldump's lines of transactions behind that position.
std::string AloneText(const Divergence& divergence, const std::string& transactions);

}  // namespace podwright::drivers::database::postgresql
