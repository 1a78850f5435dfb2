// What SHOW SLAVE STATUS says of a replica. Pure.
#pragma once

#include <map>
#include <string>

namespace podwright::drivers::database::mysql {

using SlaveStatus = std::map<std::string, std::string>;

// "" where it says nothing.
std::string Column(const SlaveStatus& slave, const std::string& name);

// Both threads run: it receives, and applies what it received.
bool Replicates(const SlaveStatus& slave);

// And its upstream has begun to send: the first that comes names the file of its log. Before that both threads run,
// too, though the upstream may refuse a moment later.
bool IsServed(const SlaveStatus& slave);

// Why it cannot go on from where it stands, in the server's words; "" where it can, or may after another try (the
// upstream is away, the disk is full). The numbers: mariadb.com/kb, "MariaDB Error Codes".
std::string StrandedWords(const SlaveStatus& slave);
// The part of it that no upstream can mend: what it has is not what it should have.
std::string DifferenceWords(const SlaveStatus& slave);

}  // namespace podwright::drivers::database::mysql
