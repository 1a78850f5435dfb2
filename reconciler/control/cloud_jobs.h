// Calls to clouds, which take seconds to minutes: off the control plane's lock, on threads of their own, or, without
// threads, one by one when asked (tests, simulations).
//
// Threading: any thread. Jobs see a stop token that is set by Stop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace podwright::control {

class CloudJobs {
 public:
  using Job = std::function<void(std::stop_token)>;
  ~CloudJobs() { Stop(); }

  void Submit(Job job);
  // Does one job on this thread. False: there is none, or threads do them.
  bool RunOne();
  void Start(unsigned threads);
  // Ends the threads after the jobs that they are at; those are asked to stop. What was not begun is dropped.
  void Stop();

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;              // protected by mutex_
  bool stopped_ = false;              // protected by mutex_
  std::vector<std::thread> threads_;  // changed by Start and Stop only
  std::stop_source stop_;
};

}  // namespace podwright::control
