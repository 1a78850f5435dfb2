#include "agent/drivers/database/mysql/slave_status.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace podwright::drivers::database::mysql {
namespace {

// The upstream's log does not go on where the replica stands.
constexpr std::string_view kNotInTheLog = "1236";
// What the replica has is not what its upstream had: a row, a table or a database that is there already, or is not.
constexpr std::array<std::string_view, 8> kDiffers = {"1007", "1008", "1032", "1049", "1050", "1051", "1062", "1146"};

}  // namespace

std::string Column(const SlaveStatus& slave, const std::string& name) {
  const auto found = slave.find(name);
  return found == slave.end() ? "" : found->second;
}

bool Replicates(const SlaveStatus& slave) {
  return Column(slave, "Slave_IO_Running") == "Yes" && Column(slave, "Slave_SQL_Running") == "Yes";
}

bool IsServed(const SlaveStatus& slave) {
  return Replicates(slave) && !Column(slave, "Master_Log_File").empty();
}

std::string StrandedWords(const SlaveStatus& slave) {
  if (Column(slave, "Last_IO_Errno") == kNotInTheLog && Column(slave, "Slave_IO_Running") == "No") {
    return "its log does not go on where this one stands: " + Column(slave, "Last_IO_Error");
  }
  return DifferenceWords(slave);
}

std::string DifferenceWords(const SlaveStatus& slave) {
  const std::string number = Column(slave, "Last_SQL_Errno");
  const bool differs = std::find(kDiffers.begin(), kDiffers.end(), number) != kDiffers.end();
  if (!differs || Column(slave, "Slave_SQL_Running") != "No") return "";
  return "what this one has is not what it had: " + Column(slave, "Last_SQL_Error");
}

}  // namespace podwright::drivers::database::mysql
