// A clone that would not fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/drivers/database/postgresql/postgresql_engine.h"
#include "agent/host/memory_host.h"

namespace podwright::drivers::database::postgresql {
namespace {

TEST(CloneTest, ADiskThatIsTooSmallIsSaidWithTheNumbersBeforeAnythingIsDeleted) {
  host::MemoryHost host;
  for (const char* folder : {"/etc", "/etc/postgresql", "/etc/postgresql/15", "/etc/postgresql/15/orders", "/var",
                             "/var/lib", "/var/lib/postgresql", "/var/lib/postgresql/15"}) {
    host.files[folder] = {host::FileType::kDirectory, "", {0755, "root", "root"}, 0};
  }
  host.users["postgres"];
  host.groups.insert("postgres");
  FakeClock clock;
  Environment env{host.View(), clock, nullptr, nullptr, "local key"};
  PostgresqlEngine engine(env);
  std::vector<std::string> ran;
  host.program = [&](const ProcessRequest& request) -> Result<ProcessResult> {
    std::string line;
    for (const std::string& word : request.argv) line += word + " ";
    ran.push_back(line);
    ProcessResult result;
    if (line.find("pg_database_size") != std::string::npos) result.out = "53687091200\n";  // 50 GiB
    if (request.argv.front() == "df") result.out = "Avail\n1073741824\n";
    return result;
  };
  DatabaseKept kept;
  kept.set_upstream("one");
  DatabaseConfiguration& configuration = *kept.mutable_configuration();
  configuration.set_engine("postgresql");
  configuration.set_version("15");
  configuration.set_instance("orders");
  configuration.set_member("two");
  configuration.set_port(5432);
  (*configuration.mutable_members())["one"] = "192.0.2.1";
  (*configuration.mutable_members())["two"] = "192.0.2.2";
  Log log;
  const Status cloned = engine.Clone({{"orders", "15", "orders", 5432}, kept}, SecretString("between us"), log);
  ASSERT_FALSE(cloned.ok());
  EXPECT_THAT(cloned.error().message(), ::testing::HasSubstr("too little room for a clone"));
  EXPECT_THAT(cloned.error().message(), ::testing::ContainsRegex("5[0-9]{4} MiB are needed"));
  EXPECT_THAT(cloned.error().message(), ::testing::HasSubstr("1024 MiB are free"));
  for (const std::string& line : ran) {
    EXPECT_EQ(line.find("-delete"), std::string::npos) << line;
    EXPECT_EQ(line.find("pg_basebackup"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace podwright::drivers::database::postgresql
