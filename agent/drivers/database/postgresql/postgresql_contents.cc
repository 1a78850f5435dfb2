// Users, grants and databases.
#include <map>
#include <set>

#include "agent/drivers/database/postgresql/postgresql_engine.h"
#include "core/random.h"

namespace podwright::drivers::database::postgresql {
namespace {

constexpr std::size_t kSaltBytes = 16;

std::string ConnectionLimit(std::int64_t limit) {
  return " connection limit " + std::to_string(limit > 0 ? limit : -1);
}

std::string Comment(const std::string& role, const RoleNote& note) {
  return "comment on role " + Name(role) + " is " + Literal(RoleNoteText(note)) + ";\n";
}

// In the connected database, on what is there and on what the owner is going to make.
std::string GrantText(const std::string& right, const std::string& user, const std::string& owner) {
  const std::string who = Name(user);
  const std::string future = "alter default privileges for role " + Name(owner) + " in schema public ";
  std::string sql = "revoke all on all tables in schema public from " + who +
                    ";\nrevoke all on all sequences in schema " + "public from " + who +
                    ";\nrevoke all on schema public from " + who + ";\n" + future + "revoke all on tables from " + who +
                    ";\n" + future + "revoke all on sequences from " + who + ";\n";
  if (right.empty()) return sql;
  const std::string tables = right == "read" ? "select" : right == "write" ? "select, insert, update, delete" : "all";
  sql += std::string("grant ") + (right == "all" ? "all" : "usage") + " on schema public to " + who + ";\n";
  sql += "grant " + tables + " on all tables in schema public to " + who + ";\n";
  sql += future + "grant " + tables + " on tables to " + who + ";\n";
  if (right != "read") {
    sql += "grant usage, select, update on all sequences in schema public to " + who + ";\n";
    sql += future + "grant usage, select, update on sequences to " + who + ";\n";
  }
  return sql;
}

}  // namespace

Status PostgresqlEngine::EnsureUser(const Instance& instance, const v1::kinds::DatabaseUserAction& action,
                                    const SecretString& password) {
  const Psql sql = Sql(instance);
  PW_ASSIGN(const auto rows,
            sql.Query("select rolname, coalesce(shobj_description(oid, 'pg_authid'), '') from pg_roles"));
  std::map<std::string, std::string> roles;
  for (const Row& row : rows) {
    if (!row.empty()) roles[row[0]] = row.size() > 1 ? row[1] : "";
  }
  const std::string& user = action.name();
  PW_ASSIGN(const std::string mark_text, ReadText(PathsOf(instance.version, instance.name).mark));
  std::string text = "begin;\n";
  RoleNote note;
  const auto found = roles.find(user);
  if (found == roles.end()) {
    text += "create role " + Name(user) + " nologin;\n";
  } else {
    note = ParseRoleNote(found->second);
    if (note.user != user && !ParseMark(mark_text).adopted) {
      return FailedPrecondition("there is a role " + user +
                                " that Podwright did not make: take another name, or remove it");
    }
  }
  note.user = user;
  text += "alter role " + Name(user) + ConnectionLimit(action.connection_limit()) + ";\n" + Comment(user, note);
  if (!action.login().empty()) {
    const std::string& login = action.login();
    const auto there = roles.find(login);
    if (there != roles.end() && ParseRoleNote(there->second).user != user) {
      return FailedPrecondition("there is a role " + login + " that Podwright did not make: remove it");
    }
    PW_ASSIGN(const std::string verifier, ScramVerifier(password.Reveal(), SystemRandom().Bytes(kSaltBytes)));
    if (there == roles.end()) text += "create role " + Name(login) + ";\n";
    text += "grant " + Name(user) + " to " + Name(login) + ";\n";
    // What it makes belongs to the user, whose logins come and go.
    text += "alter role " + Name(login) + " set role to " + Name(user) + ";\n";
    text += "alter role " + Name(login) + " login inherit password " + Literal(verifier) +
            ConnectionLimit(action.connection_limit()) + ";\n";
    RoleNote of_login;
    of_login.user = user;
    of_login.version = action.secret().version();
    text += Comment(login, of_login);
  }
  for (const std::string& login : action.drop_logins()) {
    if (roles.contains(login)) text += "drop role " + Name(login) + ";\n";
  }
  return sql.Run(text + "commit;\n");
}

Status PostgresqlEngine::SetGrants(const Instance& instance, const v1::kinds::DatabaseUserAction& action) {
  const Psql sql = Sql(instance);
  const std::string& user = action.name();
  PW_ASSIGN(const auto rows, sql.Query("select datname, pg_get_userbyid(datdba) from pg_database where datallowconn"));
  std::map<std::string, std::string> owners;
  for (const Row& row : rows) {
    if (row.size() > 1) owners[row[0]] = row[1];
  }
  std::map<std::string, std::string> wanted(action.grants().begin(), action.grants().end());
  RoleNote note;
  note.user = user;
  std::string text;
  for (const auto& [database, right] : wanted) {
    if (!owners.contains(database)) return FailedPrecondition("there is no database " + database);
    text += ConnectLine(database) + "revoke all on database " + Name(database) + " from " + Name(user) +
            ";\ngrant connect" + (right == "read" ? "" : ", temporary") + " on database " + Name(database) + " to " +
            Name(user) + ";\n" + GrantText(right, user, owners[database]);
    note.grants.emplace_back(database, right);
  }
  for (const std::string& database : action.revoke()) {
    if (!owners.contains(database)) continue;
    text += ConnectLine(database) + "revoke all on database " + Name(database) + " from " + Name(user) + ";\n" +
            GrantText("", user, owners[database]);
  }
  return sql.Run(text + Comment(user, note));
}

Status PostgresqlEngine::RemoveUser(const Instance& instance, const std::string& name) {
  const Psql sql = Sql(instance);
  PW_ASSIGN(const auto roles, sql.Query("select rolname, shobj_description(oid, 'pg_authid') from pg_roles where "
                                        "shobj_description(oid, 'pg_authid') like 'podwright %'"));
  std::vector<std::string> doomed;  // logins first
  for (const Row& row : roles) {
    if (row.size() < 2 || ParseRoleNote(row[1]).user != name) continue;
    doomed.insert(row[0] == name ? doomed.end() : doomed.begin(), row[0]);
  }
  if (doomed.empty()) return Ok();
  const std::set<std::string> names(doomed.begin(), doomed.end());
  PW_ASSIGN(
      const auto databases,
      sql.Query("select datname, pg_get_userbyid(datdba) from pg_database where datallowconn and not datistemplate"));
  std::string text;
  for (const std::string& role : doomed) text += "alter role " + Name(role) + " nologin;\n";
  for (const Row& row : databases) {
    if (row.size() < 2) continue;
    text += ConnectLine(row[0]);
    const std::string heir = names.contains(row[1]) ? "postgres" : row[1];
    for (const std::string& role : doomed) {
      text += "reassign owned by " + Name(role) + " to " + Name(heir) + ";\ndrop owned by " + Name(role) + ";\n";
    }
  }
  for (const std::string& role : doomed) text += "drop role " + Name(role) + ";\n";
  return sql.Run(text);
}

Status PostgresqlEngine::EnsureDatabase(const Instance& instance, const v1::kinds::DatabaseDatabaseAction& action) {
  const Psql sql = Sql(instance);
  PW_ASSIGN(const std::string there,
            sql.Value("select count(*) from pg_database where datname = " + Literal(action.name())));
  const std::string database = Name(action.name());
  std::string text;
  if (there == "0") {
    text += "create database " + database + (action.owner().empty() ? "" : " owner " + Name(action.owner())) + ";\n";
    text += "revoke all on database " + database + " from public;\n";
  } else if (!action.owner().empty()) {
    text += "alter database " + database + " owner to " + Name(action.owner()) + ";\n";
  }
  if (!text.empty()) PW_TRY(sql.Run(text));
  text = ConnectLine(action.name());
  for (const std::string& extension : action.extensions()) {
    text += "create extension if not exists " + Name(extension) + ";\n";
  }
  return action.extensions().empty() ? Ok() : sql.Run(text);
}

Status PostgresqlEngine::RemoveDatabase(const Instance& instance, const std::string& name) {
  return Sql(instance).Run("drop database if exists " + Name(name) + " with (force)");
}

}  // namespace podwright::drivers::database::postgresql
