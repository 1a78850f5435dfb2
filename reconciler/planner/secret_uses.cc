#include "reconciler/planner/secret_uses.h"

#include <algorithm>

namespace podwright::planner {

namespace {

std::string Listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

Status CheckPart(const std::string& text, const std::vector<std::string>& parts, const std::string& key) {
  if (key.empty()) {
    if (parts.empty()) return Ok();
    return FailedPrecondition(text + " has the parts " + Listed(parts) + ": say with `key` which one");
  }
  if (std::find(parts.begin(), parts.end(), key) != parts.end()) return Ok();
  return FailedPrecondition(text + " has no part \"" + key +
                            "\": " + (parts.empty() ? "it is one value; leave `key` out" : "it has " + Listed(parts)));
}

}  // namespace

Result<v1::SecretUse> ReadSecret(RecordingReader& reader, const v1::SecretReference& reference,
                                 const std::string& what) {
  const std::string text = "the secret \"" + reference.secret() + "\" for " + what;
  const bool pinned = reference.version() > 0;
  const RecordingReader::SecretParts secret =
      pinned ? reader.Secret(reference.secret(), reference.version()) : reader.Secret(reference.secret());
  if (secret.version == 0 && pinned) {
    return FailedPrecondition(text + " has no version " + std::to_string(reference.version()) +
                              " (any more): take a version that `podwright secret who-uses " + reference.secret() +
                              "` lists, or leave `version` out");
  }
  if (secret.version == 0) {
    return FailedPrecondition(text + " has no value yet: `podwright secret set " + reference.secret() + "` brings one");
  }
  PW_TRY(CheckPart(text, secret.parts, reference.key()));
  v1::SecretUse use;
  use.set_name(reference.secret());
  use.set_version(secret.version);
  use.set_key(reference.key());
  return use;
}

Result<v1::SecretUse> ReadInternalSecret(RecordingReader& reader, const ObjectKey& object, const std::string& name,
                                         const std::string& key) {
  const std::string full = InternalSecretName(object, name);
  const RecordingReader::SecretParts secret = reader.Secret(full);
  if (secret.version == 0) {
    return FailedPrecondition("the internal secret " + name + " of " + object.Text() +
                              " was not made yet: the next apply of the object makes it");
  }
  PW_TRY(CheckPart("the internal secret " + name + " of " + object.Text(), secret.parts, key));
  v1::SecretUse use;
  use.set_name(full);
  use.set_version(secret.version);
  use.set_key(key);
  return use;
}

void AddSecret(const v1::SecretUse& use, ActionDraft& action) {
  for (const v1::SecretUse& known : action.action.secrets()) {
    if (known.name() == use.name() && known.version() == use.version() && known.key() == use.key()) return;
  }
  *action.action.add_secrets() = use;
  const bool internal = use.name().find('.') != std::string::npos;
  if (!internal) action.after_objects.push_back({"secret", use.name()});
}

std::string SecretText(const v1::SecretUse& use) {
  return (use.key().empty() ? "" : "the part " + use.key() + " of ") + "the secret " + use.name() + " (version " +
         std::to_string(use.version()) + ")";
}

}  // namespace podwright::planner
