// Which objects a spec names. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "kinds/diagnostic.h"

namespace google::protobuf {
class Message;
}

namespace podwright::kinds {

class Kind;

struct Reference {
  std::string kind;  // "server"
  std::string name;
  Path path;
};

// By field number, then position or key. The same object may be named several times. A field that takes several
// kinds holds `KIND/NAME`; what is not of that form is left out here and an error of Validate.
std::vector<Reference> References(const Kind& kind, const google::protobuf::Message& spec);

}  // namespace podwright::kinds
