// Answers of forges as tests need them: the fields that are read, a few beside them.
//
// Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "reconciler/forge/forge.h"

namespace podwright::forge::testing {

inline std::string ShaOf(std::int64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(40 - digits.size(), 'a') + digits;
}

// An open pull request of "ada", from "change" to "main" in the same repository.
inline nlohmann::json PullOf(ForgeType type, std::int64_t number) {
  if (type == ForgeType::kGitLab) {
    return {{"id", 9'000 + number},
            {"iid", number},
            {"title", "Change"},
            {"state", "opened"},
            {"draft", false},
            {"author", {{"id", 3}, {"username", "ada"}}},
            {"sha", ShaOf(number)},
            {"source_branch", "change"},
            {"target_branch", "main"},
            {"source_project_id", 17},
            {"target_project_id", 17},
            {"updated_at", "2026-11-20T10:11:12.345Z"},
            {"merge_commit_sha", nullptr},
            {"squash_commit_sha", nullptr},
            {"web_url", "https://forge.example/acme/plans/-/merge_requests/1"}};
  }
  return {{"number", number},
          {"title", "Change"},
          {"state", "open"},
          {"draft", false},
          {"merged", false},
          {"merged_at", nullptr},
          {"merge_commit_sha", ShaOf(999)},
          {"user", {{"id", 3}, {"login", "ada"}}},
          {"head", {{"ref", "change"}, {"sha", ShaOf(number)}, {"repo", {{"id", 17}}}}},
          {"base", {{"ref", "main"}, {"sha", ShaOf(0)}, {"repo", {{"id", 17}}}}},
          {"updated_at", "2026-11-20T10:11:12Z"},
          {"html_url", "https://forge.example/acme/plans/pull/1"}};
}

inline nlohmann::json CommentOf(ForgeType type, std::int64_t id, const std::string& author, const std::string& body) {
  const char* account = type == ForgeType::kGitLab ? "author" : "user";
  const char* name = type == ForgeType::kGitLab ? "username" : "login";
  return {{"id", id},
          {"body", body},
          {account, {{"id", 3}, {name, author}}},
          {"system", false},
          {"type", nullptr},
          {"created_at", "2026-11-20T10:00:00Z"},
          {"updated_at", "2026-11-20T10:00:00+00:00"}};
}

}  // namespace podwright::forge::testing
