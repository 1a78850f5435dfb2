// Objects as table rows and as a page. Pure.
#pragma once

#include <string>

#include "cli/output.h"
#include "podwright/v1/object.pb.h"

namespace podwright {
class Clock;
namespace kinds {
class Registry;
}
}  // namespace podwright

namespace podwright::cli {

class Terminal;

class ObjectTable {
 public:
  // `with_kind`: the first column is KIND/NAME.
  ObjectTable(Clock& clock, bool with_kind);
  void Add(const v1::ObjectView& view);
  bool empty() const { return table_.empty(); }
  std::string Text() const { return table_.Text(); }

 private:
  Clock& clock_;
  bool with_kind_;
  Table table_;
};

std::string DescribeObject(const kinds::Registry& registry, const v1::ObjectView& view, const Terminal& terminal,
                           Clock& clock);

}  // namespace podwright::cli
