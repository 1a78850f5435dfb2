// A Git source for people: what is applied, what is wanted, what is in the way. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "podwright/v1/source.pb.h"

namespace podwright::cli {

class Terminal;

// "aaaabbbbcccc"; "-" for none.
std::string ShortCommit(const std::string& commit);
// One sentence: what is in the way, or "".
std::string ProblemLine(const v1::SourceView& source);
std::string DescribeSource(const v1::SourceView& source, std::int64_t now_unix_ms, const Terminal& terminal);
// The history as a table, the newest first.
std::string HistoryTable(const v1::SourceView& source, std::int64_t now_unix_ms);

}  // namespace podwright::cli
