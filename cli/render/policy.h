// What policy says of a plan, for people and programs. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/output.h"
#include "podwright/v1/approval.pb.h"

namespace podwright::cli {

class Terminal;

// One line each: limits that are passed, approvals, windows, waves. Empty: nothing stands in the way.
std::vector<std::string> PolicyLines(const v1::PolicyVerdict& verdict);
std::string RenderPolicy(const v1::PolicyVerdict& verdict, const Terminal& terminal);
Json PolicyJson(const v1::PolicyVerdict& verdict);

// "1 of 2 approvals (token:ada)".
std::string ApprovalsText(const v1::PendingApproval& pending);

}  // namespace podwright::cli
