#include "reconciler/control/secret_uses.h"

#include <algorithm>

#include "kinds/secret_mentions.h"
#include "reconciler/secrets/secret_store.h"

namespace podwright::control {
namespace {

// What one object's spec means by the secret.
struct Wish {
  std::set<std::int64_t> versions;
  bool pinned = false;
};

Wish WishOf(const google::protobuf::Message& spec, const std::string& secret, std::int64_t current) {
  Wish wish;
  for (const kinds::SecretMention& mention : kinds::SecretMentions(spec)) {
    if (mention.secret != secret) continue;
    wish.versions.insert(mention.version > 0 ? mention.version : current);
    wish.pinned = wish.pinned || mention.version > 0;
  }
  // Named in another way than by a reference with `secret`.
  if (wish.versions.empty()) wish.versions.insert(current);
  wish.versions.erase(0);
  return wish;
}

// Whether the object still has to do something with the secret on the server.
bool IsPending(const v1::Slice& slice, const std::string& server, const std::string& secret) {
  if (!slice.error().empty()) return true;
  return std::any_of(slice.actions().begin(), slice.actions().end(), [&](const v1::Action& action) {
    if (action.server() != server) return false;
    return std::any_of(action.secrets().begin(), action.secrets().end(),
                       [&](const v1::SecretUse& use) { return use.name() == secret; });
  });
}

void AddConsumers(Engine& engine, const ObjectId& object, const ObjectId& secret, std::int64_t current,
                  v1::WhoUsesSecretResponse* out) {
  FactsCache& facts = engine.core.facts;
  const planner::FactBase& base = facts.Base(object.workspace);
  const auto* fact = base.FindObject({object.kind, object.name});
  if (fact == nullptr) return;
  const Wish wish = WishOf(*fact->input.spec, secret.name, current);
  const auto slice = facts.Slice(object);
  std::vector<std::string> servers = facts.ServersOf(object);
  if (servers.empty()) servers.emplace_back();
  for (const std::string& server : servers) {
    v1::SecretConsumer& consumer = *out->add_consumers();
    consumer.mutable_object()->set_kind(object.kind);
    consumer.mutable_object()->set_name(object.name);
    consumer.set_server(server);
    consumer.set_pinned(wish.pinned);
    for (const std::int64_t version : wish.versions) consumer.add_wants(version);
    consumer.set_pending(!server.empty() && slice && IsPending(*slice, server, secret.name));
    const auto* observed = base.FindObserved({object.kind, object.name}, server);
    if (observed == nullptr) continue;
    std::vector<std::int64_t> has = kinds::ObservedSecretVersions(*observed->input.observed, secret.name);
    // A driver that tells no versions, and nothing left to do: what is wanted is there.
    if (has.empty() && !consumer.pending()) has.assign(wish.versions.begin(), wish.versions.end());
    for (const std::int64_t version : has) consumer.add_has(version);
  }
}

}  // namespace

Result<v1::WhoUsesSecretResponse> WhoUses(Engine& engine, const ObjectId& secret) {
  if (engine.core.tables.Find(secret) == nullptr) {
    return NotFound("there is no " + secret.Text() + " in the workspace " + secret.workspace);
  }
  v1::WhoUsesSecretResponse out;
  out.set_name(secret.name);
  const std::int64_t current = engine.secrets.CurrentVersion(secret);
  out.set_version(current);
  if (current > 0) {
    PW_ASSIGN(const auto info, engine.core.deps.secrets.Describe({secret.workspace, secret.name}));
    for (const secrets::VersionInfo& version : info.versions) {
      v1::SecretVersionView& view = *out.add_versions();
      view.set_version(version.version);
      view.set_created_unix_ms(ToUnixMillis(version.created));
      for (const std::string& part : version.parts) view.add_parts(part);
    }
  }
  for (const planner::Referrer& referrer :
       engine.core.facts.Base(secret.workspace).ReferrersOf({secret.kind, secret.name})) {
    AddConsumers(engine, {secret.workspace, referrer.key.kind, referrer.key.name}, secret, current, &out);
  }
  return out;
}

}  // namespace podwright::control
