#include "agent/drivers/database/apt_origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/host/memory_host.h"

namespace podwright::drivers::database {
namespace {

using ::testing::HasSubstr;

constexpr char kFromThere[] = R"(postgresql-15:
  Installed: (none)
  Candidate: 15.99-1
  Version table:
     15.99-1 990
        990 https://apt.example.org/pub bookworm-pgdg/main amd64 Packages
     15.20-0+deb12u1 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
)";

class AptOriginTest : public ::testing::Test {
 protected:
  AptOriginTest() {
    for (const char* folder : {"/etc", "/etc/apt", "/etc/apt/preferences.d"}) {
      host_.files[folder] = {host::FileType::kDirectory, "", {0755, "root", "root"}, 0};
    }
    host_.program = [this](const ProcessRequest&) -> Result<ProcessResult> {
      ProcessResult result;
      result.out = policy_;
      return result;
    };
  }
  Status Pin(const std::string& version = "15") {
    host::Host view = host_.View();
    return PinTo(view, "orders", "postgresql", {"pgdg", "https://apt.example.org/pub/"}, version);
  }
  std::string Pinned() { return *PinnedOrigin(host_.View().files, "orders"); }

  host::MemoryHost host_;
  std::string policy_ = kFromThere;
};

TEST_F(AptOriginTest, ThePackagesOfTheEngineArePinnedToTheSourcesHost) {
  ASSERT_TRUE(Pin().ok());
  const std::string& text = host_.files.at("/etc/apt/preferences.d/podwright-database-orders.pref").content;
  EXPECT_THAT(text, HasSubstr("Package: postgresql* libpq*\nPin: origin \"apt.example.org\"\nPin-Priority: 990\n"));
  EXPECT_EQ(Pinned(), "pgdg https://apt.example.org/pub/");
  ASSERT_TRUE(Unpin(host_.View().files, "orders").ok());
  EXPECT_EQ(Pinned(), "");
}

TEST_F(AptOriginTest, ASourceWithoutThePackageIsToldAndNothingStaysPinned) {
  policy_ = R"(postgresql-15:
  Installed: (none)
  Candidate: 15.20-0+deb12u1
  Version table:
     15.20-0+deb12u1 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
     15.1-1 100
        100 https://apt.example.org/pub bookworm-pgdg/main amd64 Packages
)";
  const Status pinned = Pin();
  ASSERT_FALSE(pinned.ok());
  EXPECT_EQ(pinned.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(pinned.error().message(), HasSubstr("apt would take 15.20-0+deb12u1 from elsewhere"));
  EXPECT_EQ(Pinned(), "");
}

TEST_F(AptOriginTest, APackageThatNobodyHasIsToldInAptsWords) {
  policy_ = "postgresql-15:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n";
  EXPECT_THAT(Pin().error().message(), HasSubstr("no other source has it either"));
}

TEST_F(AptOriginTest, AnotherMajorVersionIsRefused) {
  EXPECT_THAT(Pin("16").error().message(), HasSubstr("the version 16 is declared"));
  EXPECT_THAT(Pin("1").error().message(), HasSubstr("has postgresql-1 15.99-1"));
}

}  // namespace
}  // namespace podwright::drivers::database
