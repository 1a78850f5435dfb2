// The machine that this process runs on, behind the host seam.
#pragma once

#include "agent/host/host.h"
#include "agent/host/real_facts.h"
#include "agent/host/real_files.h"
#include "agent/host/real_firewall.h"
#include "agent/host/real_machine.h"
#include "agent/host/real_redis.h"
#include "agent/host/real_wireguard.h"

namespace podwright::host {

class RealHost {
 public:
  RealHost() : files_(accounts_), users_(accounts_) {}
  Host View() {
    return {files_, packages_,  units_,    users_,         sysctls_, firewall_,
            facts_, wireguard_, programs_, local_sockets_, redis_};
  }

 private:
  Accounts accounts_;
  RealFiles files_;
  AptPackages packages_;
  SystemdUnits units_;
  LocalUsers users_;
  ProcSysctls sysctls_;
  NftFirewall firewall_;
  RealFacts facts_;
  WgTool wireguard_;
  RealPrograms programs_;
  RealLocalSockets local_sockets_;
  TcpRedis redis_;
};

}  // namespace podwright::host
