// Which versions of secrets a spec names: wherever a message has a `secret`, with its `key` and `version`.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace google::protobuf {
class Message;
}

namespace podwright::kinds {

struct SecretMention {
  std::string secret;
  std::string key;           // a part; "": the whole
  std::int64_t version = 0;  // 0: the current one
};

std::vector<SecretMention> SecretMentions(const google::protobuf::Message& spec);

// The versions of a secret that a driver says it found: of every message with the secret's name in `name` or `secret`
// and a number in `version` or `secret_version`. Sorted, each once, without 0.
std::vector<std::int64_t> ObservedSecretVersions(const google::protobuf::Message& observed, const std::string& secret);

}  // namespace podwright::kinds
