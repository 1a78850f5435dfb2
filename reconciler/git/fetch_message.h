// The words between podwrightd and its child that fetches. For the files of reconciler/git only.
#pragma once

#include <string>

#include "core/result.h"
#include "reconciler/git/fetcher.h"

namespace podwright::git {

std::string EncodeRequest(const FetchRequest& request);
Result<FetchRequest> DecodeRequest(const std::string& text);
std::string EncodeAnswer(const Result<std::string>& answer);
Result<std::string> DecodeAnswer(const std::string& text);

}  // namespace podwright::git
