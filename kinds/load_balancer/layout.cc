#include "kinds/load_balancer/layout.h"

namespace podwright::kinds {

BalancerLayout LayoutOf(std::string_view balancer, BalancerSide side) {
  BalancerLayout out;
  out.side = side == BalancerSide::kHttp ? "http" : "streams";
  const std::string name = "podwright-lb-" + std::string(balancer) + "-" + out.side;
  out.unit = name + ".service";
  out.unit_path = "/etc/systemd/system/" + out.unit;
  out.folder = "/etc/podwright/load-balancers/" + std::string(balancer) + "/" + out.side;
  out.configuration = out.folder + "/nginx.conf";
  out.generation = out.folder + "/generation.conf";
  out.upstreams = out.folder + "/upstreams";
  out.keys = out.folder + "/keys";
  out.run_folder = "/run/" + name;
  out.socket = out.run_folder + "/generation.sock";
  return out;
}

std::string BalancerUnit(std::string_view balancer, const BalancerLayout& layout) {
  const std::string name = layout.unit.substr(0, layout.unit.rfind('.'));
  return "# Podwright: load_balancer " + std::string(balancer) +
         ". Changes here are put back.\n"
         "[Unit]\n"
         "Description=nginx of the load balancer " +
         std::string(balancer) + " (" + layout.side +
         ")\n"
         "After=network-online.target nss-lookup.target\n"
         "Wants=network-online.target\n"
         "\n"
         "[Service]\n"
         "Type=exec\n"
         "RuntimeDirectory=" +
         name +
         "\n"
         "ExecStart=/usr/sbin/nginx -c " +
         layout.configuration +
         "\n"
         "ExecReload=/bin/kill -HUP $MAINPID\n"
         "KillMode=mixed\n"
         "KillSignal=SIGQUIT\n"
         "TimeoutStopSec=10\n"
         "Restart=on-failure\n"
         "RestartSec=1\n"
         "LimitNOFILE=65536\n"
         "NoNewPrivileges=true\n"
         "\n"
         "[Install]\n"
         "WantedBy=multi-user.target\n";
}

std::string GenerationText(BalancerSide side, std::string_view generation) {
  return std::string(side == BalancerSide::kHttp ? "return 200 \"" : "return \"") + std::string(generation) + "\";\n";
}

}  // namespace podwright::kinds
