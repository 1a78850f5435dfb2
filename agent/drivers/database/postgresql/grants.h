// What a user of Podwright really may do in a database, as PostgreSQL's own access lists say it (its
// documentation, 5.7): so a grant that was changed by hand is noticed.
//
// Pure; any thread. Names are checked before they come here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/drivers/database/postgresql/psql.h"

namespace podwright::drivers::database::postgresql {

// Rows "grant", database, user, part, privileges; in the connected database. What extensions brought does not count.
std::string GrantQuery(const std::vector<std::string>& users);

// What differs from the right that was granted, by user; users without a difference are not there. `rows` are of one
// database, `rights` what was granted in it by user.
std::map<std::string, std::string> ChangedGrants(const std::vector<Row>& rows,
                                                 const std::map<std::string, std::string>& rights);

}  // namespace podwright::drivers::database::postgresql
