// An object as the document that somebody would have written of it: what was not written is not there (defaults are
// filled when a spec is read, never stored), and no secret value is. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Message;
}

namespace podwright::kinds {

class Kind;

struct ExportedDocument {
  std::string yaml;  // for kinds/loader.h, which makes the same canonical bytes of it where nothing is left out
  std::vector<std::string> left_out;  // the paths of values that no file may hold: `files["/etc/key"].content`
};

ExportedDocument Export(const Kind& kind, std::string_view name, const std::map<std::string, std::string>& labels,
                        const google::protobuf::Message& spec);

}  // namespace podwright::kinds
