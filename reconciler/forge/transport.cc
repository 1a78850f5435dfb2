#include "reconciler/forge/transport.h"

namespace podwright::forge {

const std::string& HttpAnswer::header(const std::string& name) const {
  static const std::string kNone;
  const auto found = headers.find(name);
  return found == headers.end() ? kNone : found->second;
}

}  // namespace podwright::forge
