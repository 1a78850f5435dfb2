#include "agent/drivers/database/engine.h"
#include "agent/drivers/database/mysql/mysql_engine.h"
#include "agent/drivers/database/postgresql/postgresql_engine.h"
#include "kinds/database/database_form.h"

namespace podwright::drivers::database {

std::unique_ptr<Engine> MakeEngine(const std::string& name, Environment& environment) {
  if (name == kinds::kPostgresql) return std::make_unique<postgresql::PostgresqlEngine>(environment);
  if (name == kinds::kMysql) return std::make_unique<mysql::MysqlEngine>(environment);
  return nullptr;
}

}  // namespace podwright::drivers::database
