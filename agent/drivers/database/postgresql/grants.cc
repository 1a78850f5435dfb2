#include "agent/drivers/database/postgresql/grants.h"

#include <set>
#include <sstream>

#include "agent/drivers/database/postgresql/text.h"

namespace podwright::drivers::database::postgresql {
namespace {

using Privileges = std::set<std::string>;

Privileges Split(const std::string& text) {
  Privileges out;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) out.insert(word);
  return out;
}

// Newer releases know more of them (MAINTAIN): "all" is at least these.
Privileges Wanted(const std::string& right, const std::string& part) {
  const bool writes = right != "read";
  if (part == "database") return writes ? Privileges{"CONNECT", "TEMPORARY"} : Privileges{"CONNECT"};
  if (part == "schema") return right == "all" ? Privileges{"CREATE", "USAGE"} : Privileges{"USAGE"};
  if (part.ends_with("sequence")) return writes ? Privileges{"SELECT", "UPDATE", "USAGE"} : Privileges{};
  if (right == "read") return {"SELECT"};
  if (right == "write") return {"DELETE", "INSERT", "SELECT", "UPDATE"};
  return {"DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"};
}

bool Same(const std::string& right, const std::string& part, Privileges found) {
  const Privileges wanted = Wanted(right, part);
  if (right == "all" && part.ends_with("table")) {
    Privileges common;
    for (const std::string& privilege : wanted) {
      if (found.contains(privilege)) common.insert(privilege);
    }
    found = common;
  }
  return found == wanted;
}

constexpr char kPrivileges[] =
    "(select string_agg(distinct a.privilege_type, ',' order by a.privilege_type) from aclexplode(";

}  // namespace

std::string GrantQuery(const std::vector<std::string>& users) {
  std::string names;
  for (const std::string& user : users) names += (names.empty() ? "" : ",") + Literal(user);
  const std::string list = kPrivileges;
  return "select 'grant', d.datname, u.rolname, p.part, p.privileges from pg_roles u join pg_database d on d.datname = "
         "current_database() cross join lateral (select 'database' as part, " +
         list + "d.datacl) a where a.grantee = u.oid) as privileges union all select 'schema', " + list +
         "n.nspacl) a where a.grantee = u.oid) from pg_namespace n where n.nspname = 'public' union all select "
         "distinct "
         "case c.relkind when 'S' then 'sequence' else 'table' end, " +
         list +
         "c.relacl) a where a.grantee = u.oid) from pg_class c join pg_namespace n on n.oid = c.relnamespace where "
         "n.nspname = 'public' and c.relkind in ('r','v','m','f','p','S') and c.relowner <> u.oid and not exists "
         "(select "
         "from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e') union all "
         "select 'future ' || t.part, (select string_agg(distinct a.privilege_type, ',' order by a.privilege_type) "
         "from "
         "pg_default_acl f join pg_namespace n on n.oid = f.defaclnamespace cross join lateral aclexplode(f.defaclacl) "
         "a "
         "where n.nspname = 'public' and f.defaclrole = d.datdba and f.defaclobjtype::text = t.kind and a.grantee = "
         "u.oid) from (values ('table', 'r'), ('sequence', 'S')) t(part, kind)) p where d.datdba <> u.oid and "
         "u.rolname "
         "in (" +
         names + ");\n";
}

std::map<std::string, std::string> ChangedGrants(const std::vector<Row>& rows,
                                                 const std::map<std::string, std::string>& rights) {
  std::map<std::string, std::string> out;
  for (const Row& row : rows) {
    if (row.size() < 4 || row[0] != "grant") continue;
    const auto right = rights.find(row[2]);
    if (right == rights.end()) continue;
    const std::string privileges = row.size() > 4 ? row[4] : "";
    if (Same(right->second, row[3], Split(privileges))) continue;
    out[row[2]] = row[3] + ": " + (privileges.empty() ? "nothing" : privileges);
  }
  return out;
}

}  // namespace podwright::drivers::database::postgresql
