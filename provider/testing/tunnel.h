// Tunnel: stands between the provider and the control plane, and holds back what the control plane answers.
//
// Any thread. Ends with the object.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace podwright::provider::testing {

class Tunnel {
 public:
  explicit Tunnel(int target_port);
  ~Tunnel();
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }
  void HoldAnswers();
  void Release();

 private:
  void Accept();
  void Pump(int from, int to, bool answers);

  const int target_port_;
  const int listener_;
  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool holding_ = false;            // protected by mutex_
  std::vector<int> sockets_;        // protected by mutex_
  std::vector<std::thread> pumps_;  // of the accepting thread, until that has ended
  std::thread accepting_;
};

}  // namespace podwright::provider::testing
