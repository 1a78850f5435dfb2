// Where the two nginx of a load balancer have their things on a server: the one of http and https, and the one of tcp
// and udp. Each object has its own, beside whatever nginx the distribution or people run. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace podwright::kinds {

enum class BalancerSide { kHttp, kStreams };

struct BalancerLayout {
  std::string side;           // "http", "streams": the end of the verbs' middle, too
  std::string unit;           // "podwright-lb-NAME-http.service"
  std::string unit_path;      // /etc/systemd/system/…
  std::string folder;         // all files, and nothing else
  std::string configuration;  // nginx.conf
  std::string generation;     // the answer of the socket; changes with every configuration
  std::string upstreams;      // a folder: NAME.conf for every backend
  std::string keys;           // a folder, 0700
  std::string run_folder;     // made by systemd, goes when nginx stops
  std::string socket;         // answers the generation
};

BalancerLayout LayoutOf(std::string_view balancer, BalancerSide side);

// The unit as systemd reads it.
std::string BalancerUnit(std::string_view balancer, const BalancerLayout& layout);
// What stands in the file `generation`: the generation is hexadecimal.
std::string GenerationText(BalancerSide side, std::string_view generation);

}  // namespace podwright::kinds
