// What may stand in an audit entry: fields of bounded length and valid UTF-8, whatever a caller sent.
#pragma once

#include <string>

#include "reconciler/auth/audit_entry.h"

namespace podwright::auth {

// Invalid UTF-8 and control characters become U+FFFD; what is too long is cut, and ends in "…".
std::string CleanText(const std::string& text, std::size_t most_bytes);
AuditEvent CleanEvent(AuditEvent event);

}  // namespace podwright::auth
