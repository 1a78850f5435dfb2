// What differs between two specs, field by field, for people. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "kinds/diagnostic.h"

namespace google::protobuf {
class Message;
}

namespace podwright::kinds {

class Schema;

struct Difference {
  Path path;
  std::string before;  // as people write it; empty: unset
  std::string after;
  bool sensitive = false;  // then both are "(sensitive)" where set

  // `files["/etc/motd"].mode: "0644" → "0600"`.
  std::string ToString() const;
};

// Both are messages of the schema. Lists are compared as a whole, maps key by key.
std::vector<Difference> Diff(const Schema& schema, const google::protobuf::Message& before,
                             const google::protobuf::Message& after);

}  // namespace podwright::kinds
