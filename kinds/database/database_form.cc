#include "kinds/database/database_form.h"

#include <algorithm>
#include <array>
#include <map>

#include "core/digest.h"
#include "podwright/v1/kinds/database.pb.h"

namespace podwright::kinds {
namespace {

constexpr std::int64_t kPostgresqlPort = 5432;
constexpr std::int64_t kMysqlPort = 3306;
constexpr std::string_view kSlotPrefix = "podwright_";

constexpr std::array<std::string_view, 37> kPostgresqlReserved = {"archive_cleanup_command",
                                                                  "cluster_name",
                                                                  "config_file",
                                                                  "data_directory",
                                                                  "external_pid_file",
                                                                  "hba_file",
                                                                  "hot_standby",
                                                                  "ident_file",
                                                                  "include",
                                                                  "include_dir",
                                                                  "include_if_exists",
                                                                  "listen_addresses",
                                                                  "log_statement",
                                                                  "password_encryption",
                                                                  "port",
                                                                  "primary_conninfo",
                                                                  "primary_slot_name",
                                                                  "promote_trigger_file",
                                                                  "recovery_end_command",
                                                                  "recovery_target",
                                                                  "recovery_target_action",
                                                                  "recovery_target_inclusive",
                                                                  "recovery_target_lsn",
                                                                  "recovery_target_name",
                                                                  "recovery_target_time",
                                                                  "recovery_target_timeline",
                                                                  "recovery_target_xid",
                                                                  "restore_command",
                                                                  "ssl",
                                                                  "standby_mode",
                                                                  "stats_temp_directory",
                                                                  "synchronous_standby_names",
                                                                  "unix_socket_directories",
                                                                  "unix_socket_group",
                                                                  "unix_socket_permissions",
                                                                  "wal_level",
                                                                  "wal_log_hints"};

// Replication, the socket and the role stand on these.
constexpr std::array<std::string_view, 55> kMysqlReserved = {"basedir",
                                                             "bind_address",
                                                             "binlog_format",
                                                             "bootstrap",
                                                             "chroot",
                                                             "datadir",
                                                             "defaults_file",
                                                             "gtid_binlog_state",
                                                             "gtid_domain_id",
                                                             "gtid_slave_pos",
                                                             "gtid_strict_mode",
                                                             "init_file",
                                                             "init_rpl_role",
                                                             "innodb_flush_log_at_trx_commit",
                                                             "log_basename",
                                                             "log_bin",
                                                             "log_bin_index",
                                                             "log_slave_updates",
                                                             "master_info_file",
                                                             "master_retry_count",
                                                             "old_passwords",
                                                             "pid_file",
                                                             "plugin_dir",
                                                             "plugin_load",
                                                             "plugin_load_add",
                                                             "port",
                                                             "read_only",
                                                             "relay_log",
                                                             "relay_log_index",
                                                             "relay_log_info_file",
                                                             "relay_log_recovery",
                                                             "replicate_do_db",
                                                             "replicate_ignore_db",
                                                             "report_host",
                                                             "report_port",
                                                             "rpl_semi_sync_master_enabled",
                                                             "rpl_semi_sync_master_timeout",
                                                             "rpl_semi_sync_master_wait_no_slave",
                                                             "rpl_semi_sync_master_wait_point",
                                                             "rpl_semi_sync_slave_enabled",
                                                             "secure_auth",
                                                             "server_id",
                                                             "skip_grant_tables",
                                                             "skip_log_bin",
                                                             "skip_name_resolve",
                                                             "skip_networking",
                                                             "skip_slave_start",
                                                             "slave_skip_errors",
                                                             "socket",
                                                             "ssl_ca",
                                                             "ssl_cert",
                                                             "ssl_key",
                                                             "sync_binlog",
                                                             "tmpdir",
                                                             "user"};

}  // namespace

std::string DatabaseInstance(std::string_view object_name, const v1::kinds::DatabaseSpec& spec) {
  if (spec.has_instance()) return spec.instance();
  std::string name(object_name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::int64_t DatabasePort(const v1::kinds::DatabaseSpec& spec) {
  if (spec.has_port()) return spec.port();
  return spec.engine() == kMysql ? kMysqlPort : kPostgresqlPort;
}

std::string SlotOfMember(std::string_view member) {
  std::string slot(kSlotPrefix);
  slot += member;
  std::replace(slot.begin(), slot.end(), '-', '_');
  return slot;
}

std::string MemberOfSlot(std::string_view slot) {
  if (!slot.starts_with(kSlotPrefix)) return "";
  std::string member(slot.substr(kSlotPrefix.size()));
  std::replace(member.begin(), member.end(), '_', '-');
  return member;
}

std::string DatabaseConfigurationDigest(const v1::kinds::DatabaseConfiguration& configuration) {
  using Sorted = std::map<std::string, std::string>;
  Sha256Hasher hasher;
  const auto number = [&](std::int64_t value) { hasher.UpdateField(std::to_string(value)); };
  hasher.UpdateField("podwright database configuration 1");
  hasher.UpdateField(configuration.engine());
  hasher.UpdateField(configuration.version());
  hasher.UpdateField(configuration.instance());
  hasher.UpdateField(configuration.member());
  number(configuration.port());
  number(configuration.members_size());
  for (const auto& [name, address] : Sorted(configuration.members().begin(), configuration.members().end())) {
    hasher.UpdateField(name);
    hasher.UpdateField(address);
  }
  number(configuration.clients_size());
  for (const std::string& network : configuration.clients()) hasher.UpdateField(network);
  hasher.UpdateField(configuration.sync_mode());
  number(configuration.sync_count());
  number(configuration.parameters_size());
  for (const auto& [name, value] : Sorted(configuration.parameters().begin(), configuration.parameters().end())) {
    hasher.UpdateField(name);
    hasher.UpdateField(value);
  }
  hasher.UpdateField(configuration.replication().name());
  number(configuration.replication().version());
  return hasher.Finish().Hex();
}

bool IsReservedParameter(std::string_view engine, std::string_view name) {
  const auto in = [&](const auto& list) { return std::find(list.begin(), list.end(), name) != list.end(); };
  return engine == kMysql ? in(kMysqlReserved) : in(kPostgresqlReserved) || name.starts_with("recovery_target");
}

}  // namespace podwright::kinds
