#include "agent/drivers/secrets/sealed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/host/memory_host.h"
#include "core/clock.h"

namespace podwright::drivers {
namespace {

using ::testing::HasSubstr;

v1::SecretUse Use(const std::string& name, std::int64_t version, const std::string& key) {
  v1::SecretUse use;
  use.set_name(name);
  use.set_version(version);
  use.set_key(key);
  return use;
}

class Sealed : public ::testing::Test {
 protected:
  Sealed()
      : environment_{host_.View(), clock_,
                     [](const v1::SealedSecret& sealed, const std::function<Status(std::string_view)>& use) {
                       return use(sealed.sealed().substr(7));  // "sealed:VALUE"
                     },
                     [](std::chrono::milliseconds) { return true; }, "local key"} {
    for (const char* key : {"ca", "private_key"}) {
      v1::SealedSecret& sealed = *dispatch_.add_secrets();
      sealed.set_name("tls");
      sealed.set_version(2);
      sealed.set_key(key);
      sealed.set_sealed("sealed:the " + std::string(key));
    }
  }
  host::MemoryHost host_;
  FakeClock clock_;
  Environment environment_;
  v1::Dispatch dispatch_;
};

TEST_F(Sealed, EveryPartOpensByItsName) {
  EXPECT_EQ(SecretValue(environment_, dispatch_, Use("tls", 2, "ca"))->Reveal(), "the ca");
  EXPECT_EQ(SecretValue(environment_, dispatch_, Use("tls", 2, "private_key"))->Reveal(), "the private_key");
}

TEST_F(Sealed, WhatDidNotComeIsNamed) {
  const auto other = SecretValue(environment_, dispatch_, Use("tls", 3, "ca"));
  EXPECT_EQ(other.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(other.error().message(), HasSubstr("the part ca of version 3 of the secret tls"));
  EXPECT_FALSE(SecretValue(environment_, dispatch_, Use("tls", 2, "")).ok());
}

}  // namespace
}  // namespace podwright::drivers
