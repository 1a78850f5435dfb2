// The server, as a seam: drivers touch the machine through this and nothing else. There is a real
// implementation (real_host.h) and one in memory with faults (memory_host.h).
#pragma once

#include "agent/host/facts.h"
#include "agent/host/files.h"
#include "agent/host/firewall.h"
#include "agent/host/local_sockets.h"
#include "agent/host/packages.h"
#include "agent/host/programs.h"
#include "agent/host/redis.h"
#include "agent/host/sysctls.h"
#include "agent/host/units.h"
#include "agent/host/users.h"
#include "agent/host/wireguard.h"

namespace podwright::host {

// Owns nothing: the parts outlive it.
struct Host {
  Files& files;
  Packages& packages;
  Units& units;
  Users& users;
  Sysctls& sysctls;
  Firewall& firewall;
  Facts& facts;
  Wireguard& wireguard;
  Programs& programs;
  LocalSockets& local_sockets;
  Redis& redis;
};

}  // namespace podwright::host
