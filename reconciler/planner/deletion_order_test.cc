// Everything that refers to something else is deleted together with it: each pair of kinds, and a whole installation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "kinds/loader.h"
#include "kinds/testing/testing_kinds.h"
#include "kinds/validate.h"
#include "podwright/v1/kinds/cache.pb.h"
#include "podwright/v1/kinds/database.pb.h"
#include "podwright/v1/kinds/load_balancer.pb.h"
#include "podwright/v1/kinds/mesh.pb.h"
#include "reconciler/planner/planner.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

constexpr char kShop[] = R"(
apiVersion: podwright.dev/v1
kind: Server
metadata: {name: one}
spec: {secrets: {/etc/app: {secret: app}}}
---
apiVersion: podwright.dev/v1
kind: Server
metadata: {name: two}
spec: {}
---
apiVersion: podwright.dev/v1
kind: Server
metadata: {name: three}
spec: {}
---
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: app}
spec: {generator: {}}
---
apiVersion: podwright.dev/v1
kind: Mesh
metadata: {name: prod}
spec: {members: {one: {}, two: {}, three: {}}, range: 10.90.0.0/24}
---
apiVersion: podwright.dev/v1
kind: Database
metadata: {name: orders}
spec:
  engine: postgresql
  version: "15"
  mesh: prod
  members: [one, two]
  deletion_protection: false
  users: {app: {password: {secret: app}}}
---
apiVersion: podwright.dev/v1
kind: Cache
metadata: {name: sessions}
spec:
  mesh: prod
  members: [one, two]
  sentinel: {servers: [one, two, three]}
  deletion_protection: false
  users: {app: {password: {secret: app}}}
---
apiVersion: podwright.dev/v1
kind: LoadBalancer
metadata: {name: front}
spec:
  servers: [three]
  mesh: prod
  listeners:
    write: {protocol: tcp, port: 5432, backend: write}
    keys: {protocol: tcp, port: 6379, backend: keys}
  backends:
    write: {database: {name: orders, endpoint: read_write}}
    keys: {cache: {name: sessions}}
)";

constexpr const char* kVerbs[] = {
    "cache.leave",         "cache.member.set",  "database.instance.create", "database.instance.retire",
    "load_balancer.leave", "mesh.member.leave", "mesh.peers.sync",          "load_balancer.streams.remove"};

// What makes a planner believe that something of the object is there.
std::unique_ptr<google::protobuf::Message> Found(const std::string& kind) {
  if (kind == "database") {
    auto observed = std::make_unique<v1::kinds::DatabaseObserved>();
    observed->set_state("running");
    observed->set_owner("orders");
    observed->add_managed("instance:orders");
    return observed;
  }
  if (kind == "cache") {
    auto observed = std::make_unique<v1::kinds::CacheObserved>();
    observed->add_managed("package:redis-server");
    observed->mutable_member();
    return observed;
  }
  if (kind == "mesh") {
    auto observed = std::make_unique<v1::kinds::MeshObserved>();
    observed->add_managed("interface:pw0");
    return observed;
  }
  auto observed = std::make_unique<v1::kinds::LoadBalancerObserved>();
  observed->add_managed("package:nginx");
  return observed;
}

class DeletionOrderTest : public ::testing::Test {
 protected:
  DeletionOrderTest() {
    const auto loaded = kinds::LoadText(kinds::TestingKinds(), kShop, "shop.yaml");
    EXPECT_EQ(loaded.diagnostics.ToString(), "");
    for (const auto& document : loaded.documents) {
      const auto& object = document.object;
      auto spec = kinds::DecodeSpec(*kinds::TestingKinds().Find(object.kind()), object.spec());
      EXPECT_TRUE(spec.ok());
      objects_.push_back(MakeTestObject(object.kind(), object.name(), **spec));
    }
  }

  // The installation with these deleted.
  v1::Plan Delete(const std::set<ObjectKey>& gone) {
    FactBase facts;
    for (ObjectInput object : objects_) {
      const ObjectKey key = object.key;
      if (gone.contains(key)) object.lifecycle = ObjectLifecycle::kTombstone;
      if (key.kind == "server") {
        AgentInput agent = MakeTestAgent(key.name);
        agent.verbs.insert(std::begin(kVerbs), std::end(kVerbs));
        facts.PutAgent(agent);
        v1::kinds::ServerObserved observed;
        observed.set_address("192.0.2.1");
        facts.PutObserved(MakeTestObserved(key, key.name, observed));
      } else if (key.kind != "secret") {
        for (const std::string& server : Planners().Find(key.kind)->ServersOf(object)) {
          facts.PutObserved(MakeTestObserved(key, server, *Found(key.kind)));
        }
      }
      facts.PutObject(std::move(object));
    }
    return planner_.PlanAll(facts);
  }

  static const KindPlanners& Planners() {
    static const KindPlanners planners = TestingPlanners();
    return planners;
  }

  // Those that refer to `key`, and those that refer to them, and it.
  std::set<ObjectKey> WithReferrers(const ObjectKey& key) const {
    std::set<ObjectKey> out{key};
    for (std::size_t before = 0; before != out.size();) {
      before = out.size();
      for (const ObjectInput& object : objects_) {
        const auto& refers = object.references;
        if (std::any_of(refers.begin(), refers.end(), [&](const ObjectKey& other) { return out.contains(other); })) {
          out.insert(object.key);
        }
      }
    }
    return out;
  }

  // Each of them goes, without an error, after everything that refers to it.
  void ExpectReverseOrder(const std::set<ObjectKey>& gone) {
    const v1::Plan plan = Delete(gone);
    std::map<ObjectKey, std::pair<std::size_t, std::size_t>> when;  // first and last place in the order
    std::map<std::string, ObjectKey> whose;
    for (const v1::Slice& slice : plan.slices()) {
      const ObjectKey key{slice.object().kind(), slice.object().name()};
      if (!gone.contains(key)) continue;
      EXPECT_EQ(slice.error(), "") << key.Text();
      EXPECT_EQ(slice.missing_size(), 0) << key.Text();
      if (key.kind != "secret") {
        EXPECT_GT(slice.actions_size(), 1) << key.Text();
      }
      for (const v1::Action& action : slice.actions()) whose[action.id()] = key;
    }
    for (int i = 0; i < plan.order_size(); ++i) {
      const auto found = whose.find(plan.order(i));
      if (found == whose.end()) continue;
      const auto place = static_cast<std::size_t>(i);
      when.try_emplace(found->second, place, place).first->second.second = place;
    }
    for (const ObjectInput& object : objects_) {
      if (!gone.contains(object.key)) continue;
      ASSERT_TRUE(when.contains(object.key)) << object.key.Text() << " does not go";
      for (const ObjectKey& reference : object.references) {
        if (!gone.contains(reference)) continue;
        EXPECT_LT(when[object.key].second, when[reference].first)
            << object.key.Text() << " refers to " << reference.Text();
      }
    }
  }

  std::vector<ObjectInput> objects_;
  Planner planner_{Planners()};
};

TEST_F(DeletionOrderTest, WhatRefersToAnObjectGoesBeforeItWhateverTheKinds) {
  for (const ObjectInput& object : objects_) {
    SCOPED_TRACE("deleted with all that refers to it: " + object.key.Text());
    ExpectReverseOrder(WithReferrers(object.key));
  }
}

TEST_F(DeletionOrderTest, AWholeInstallationGoesInOneApply) {
  std::set<ObjectKey> all;
  for (const ObjectInput& object : objects_) all.insert(object.key);
  ExpectReverseOrder(all);
}

// What Terraform does where a configuration names no dependency: the one that is referred to comes first.
TEST_F(DeletionOrderTest, WhatIsStillReferredToWaitsAndNamesWhoHoldsIt) {
  for (const ObjectInput& object : objects_) {
    if (WithReferrers(object.key).size() == 1) continue;
    const v1::Plan plan = Delete({object.key});
    for (const v1::Slice& slice : plan.slices()) {
      if (slice.object().kind() != object.key.kind || slice.object().name() != object.key.name) continue;
      EXPECT_EQ(slice.error(), "") << object.key.Text();
      EXPECT_EQ(slice.actions_size(), 0) << object.key.Text();
      ASSERT_EQ(slice.notes_size(), 1) << object.key.Text();
      EXPECT_THAT(slice.notes(0), ::testing::HasSubstr("no longer referred to by"));
    }
  }
}

// A balancer that is not deleted yet is not to be blamed for what goes away below it, and the other way round.
TEST_F(DeletionOrderTest, TheErrorOfOneObjectIsNeverToldOfAnother) {
  const v1::Plan plan = Delete({{"database", "orders"}, {"server", "one"}});
  for (const v1::Slice& slice : plan.slices()) {
    if (slice.error().empty()) continue;
    EXPECT_THAT(slice.error(), ::testing::Not(::testing::HasSubstr("circle")));
    EXPECT_NE(slice.object().kind(), "server") << slice.error();
    EXPECT_NE(slice.object().kind(), "database") << slice.error();
  }
}

}  // namespace
}  // namespace podwright::planner
