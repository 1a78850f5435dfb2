// Defaults are filled in when they are read, never stored: an object keeps the revision that it was made with.
#pragma once

#include <cstdint>

namespace google::protobuf {
class Message;
}

namespace podwright::kinds {

class Kind;

// Sets every unset field that had a default at that revision, inside messages and maps that are set, too.
// 0 and revisions that are not known yet mean the kind's own.
void FillDefaults(const Kind& kind, google::protobuf::Message* spec, std::uint32_t defaults_revision);

}  // namespace podwright::kinds
