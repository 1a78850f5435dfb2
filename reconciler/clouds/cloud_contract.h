// What every cloud must keep, as tests that run over any implementation: over memory in the unit
// tests, over the lab in the acceptance tests.
//
// Use: derive a fixture `F` that has `Cloud& cloud()`, `CallOptions options()`, `std::string Tag(n)`
// (new tags for each test) and `Status MakeIncomplete(request)` (a creation that dies midway), call
// PW_CLOUD_CONTRACT(F), and leave the installation empty in TearDown.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "reconciler/clouds/cloud.h"

namespace podwright::clouds::contract {

inline MachineRequest Request(const std::string& tag, const std::string& name) {
  MachineRequest request;
  request.tag = tag;
  request.name = name;
  request.labels = {{"team", "shop"}};
  return request;
}

inline std::vector<std::string> Tags(Cloud& cloud, const CallOptions& options) {
  std::vector<std::string> tags;
  const auto all = cloud.List(options);
  EXPECT_TRUE(all.ok()) << all.error().ToString();
  if (!all.ok()) return tags;
  for (const auto& machine : *all) tags.push_back(machine.tag);
  return tags;
}

inline void CreateReadListDelete(Cloud& cloud, const std::string& tag, const CallOptions& options) {
  const auto absent = cloud.Read(tag, options);
  ASSERT_TRUE(absent.ok()) << absent.error().ToString();
  EXPECT_FALSE(absent->has_value());

  const auto made = cloud.Create(Request(tag, "web-1"), options);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  EXPECT_EQ(made->tag, tag);
  EXPECT_EQ(made->name, "web-1");
  EXPECT_EQ(made->state, MachineState::kRunning);
  EXPECT_FALSE(made->id.empty());
  EXPECT_FALSE(made->installation.empty());
  EXPECT_EQ(made->image, cloud.capabilities().images[0]);
  EXPECT_EQ(made->size, cloud.capabilities().sizes[0]);
  EXPECT_EQ(made->region, cloud.capabilities().regions[0]);
  EXPECT_EQ(made->labels.at("team"), "shop");
  ASSERT_FALSE(made->addresses.empty());

  const auto read = cloud.Read(tag, options);
  ASSERT_TRUE(read.ok() && read->has_value());
  EXPECT_EQ((*read)->id, made->id);
  EXPECT_EQ((*read)->addresses, made->addresses);
  EXPECT_EQ((*read)->labels, made->labels);
  EXPECT_EQ((*read)->created, made->created);
  EXPECT_THAT(Tags(cloud, options), testing::ElementsAre(tag));

  ASSERT_TRUE(cloud.Delete(tag, options).ok());
  EXPECT_FALSE((*cloud.Read(tag, options)).has_value());
  EXPECT_THAT(Tags(cloud, options), testing::IsEmpty());
  EXPECT_TRUE(cloud.Delete(tag, options).ok());
}

inline void CreatingATagTwiceMakesOneMachine(Cloud& cloud, const std::string& tag, const CallOptions& options) {
  const auto first = cloud.Create(Request(tag, "web-1"), options);
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  const auto second = cloud.Create(Request(tag, "web-1"), options);
  ASSERT_TRUE(second.ok()) << second.error().ToString();
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(Tags(cloud, options).size(), 1U);
}

inline void ParallelCallersGetTheirOwnMachines(Cloud& cloud, const std::string& one, const std::string& two,
                                               const CallOptions& options) {
  std::vector<std::string> tags = {one, two, one};
  std::vector<std::string> ids(tags.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < tags.size(); ++i) {
      threads.emplace_back([&, i] {
        const auto made = cloud.Create(Request(tags[i], i == 1 ? "web-2" : "web-1"), options);
        ASSERT_TRUE(made.ok()) << made.error().ToString();
        ids[i] = made->id;
      });
    }
  }
  EXPECT_EQ(ids[0], ids[2]);
  EXPECT_NE(ids[0], ids[1]);
  const auto all = cloud.List(options);
  ASSERT_TRUE(all.ok() && all->size() == 2);
  EXPECT_NE((*all)[0].addresses[0], (*all)[1].addresses[0]);
  EXPECT_LT((*all)[0].tag, (*all)[1].tag);
}

inline void AnIncompleteMachineIsFoundAndCleaned(Cloud& cloud, const std::string& tag, const CallOptions& options) {
  const auto found = cloud.Read(tag, options);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->state, MachineState::kIncomplete);
  EXPECT_THAT(Tags(cloud, options), testing::Contains(tag));
  ASSERT_TRUE(cloud.Delete(tag, options).ok());
  EXPECT_THAT(Tags(cloud, options), testing::IsEmpty());
}

inline void AnIncompleteMachineIsMadeAnewByCreate(Cloud& cloud, const std::string& tag, const CallOptions& options) {
  const auto before = cloud.Read(tag, options);
  ASSERT_TRUE(before.ok() && before->has_value());
  const auto made = cloud.Create(Request(tag, "web-1"), options);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  EXPECT_EQ(made->state, MachineState::kRunning);
  EXPECT_NE(made->id, (*before)->id);
  EXPECT_EQ(Tags(cloud, options).size(), 1U);
}

inline void BadRequestsAreRefused(Cloud& cloud, const std::string& tag, const CallOptions& options) {
  std::vector<MachineRequest> bad(9, Request(tag, "web-1"));
  bad[0].tag = "../x";
  bad[1].tag = "";
  bad[2].name = "Web_1";
  bad[3].image = "windows-95";
  bad[4].size = "enormous";
  bad[5].region = "moon";
  bad[6].files = {{"/etc/../../x", "", 0600}};
  bad[7].files = {{"/run/lost-at-boot", "", 0600}};
  bad[8].labels = {{"a=b", "c"}};
  for (const auto& request : bad) {
    const auto made = cloud.Create(request, options);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code(), ErrorCode::kInvalidArgument) << made.error().ToString();
  }
  if (!cloud.capabilities().own_kernel) {
    MachineRequest request = Request(tag, "web-1");
    request.sysctls = {{"vm.swappiness", "1"}};
    const auto made = cloud.Create(request, options);
    ASSERT_FALSE(made.ok());
    EXPECT_NE(made.error().message().find("\"" + std::string(cloud.name()) + "\""), std::string::npos);
  }
  EXPECT_FALSE(cloud.Read("../x", options).ok());
  EXPECT_FALSE(cloud.Delete("--all", options).ok());
  EXPECT_THAT(Tags(cloud, options), testing::IsEmpty());
}

inline void ACancelledCallHasNoEffect(Cloud& cloud, const std::string& tag, const CallOptions& options) {
  std::stop_source source;
  source.request_stop();
  CallOptions cancelled = options;
  cancelled.cancel = source.get_token();
  const auto made = cloud.Create(Request(tag, "web-1"), cancelled);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code(), ErrorCode::kCancelled);
  EXPECT_THAT(Tags(cloud, options), testing::IsEmpty());
}

}  // namespace podwright::clouds::contract

#define PW_CLOUD_CONTRACT(F)                                                          \
  TEST_F(F, CreateReadListDelete) {                                                   \
    contract::CreateReadListDelete(cloud(), Tag(1), options());                       \
  }                                                                                   \
  TEST_F(F, CreatingATagTwiceMakesOneMachine) {                                       \
    contract::CreatingATagTwiceMakesOneMachine(cloud(), Tag(1), options());           \
  }                                                                                   \
  TEST_F(F, ParallelCallersGetTheirOwnMachines) {                                     \
    contract::ParallelCallersGetTheirOwnMachines(cloud(), Tag(1), Tag(2), options()); \
  }                                                                                   \
  TEST_F(F, AnIncompleteMachineIsFoundAndCleaned) {                                   \
    ASSERT_FALSE(MakeIncomplete(contract::Request(Tag(1), "web-1")).ok());            \
    contract::AnIncompleteMachineIsFoundAndCleaned(cloud(), Tag(1), options());       \
  }                                                                                   \
  TEST_F(F, AnIncompleteMachineIsMadeAnewByCreate) {                                  \
    ASSERT_FALSE(MakeIncomplete(contract::Request(Tag(1), "web-1")).ok());            \
    contract::AnIncompleteMachineIsMadeAnewByCreate(cloud(), Tag(1), options());      \
  }                                                                                   \
  TEST_F(F, BadRequestsAreRefused) {                                                  \
    contract::BadRequestsAreRefused(cloud(), Tag(1), options());                      \
  }                                                                                   \
  TEST_F(F, ACancelledCallHasNoEffect) {                                              \
    contract::ACancelledCallHasNoEffect(cloud(), Tag(1), options());                  \
  }
