#include "reconciler/control/cloud_jobs.h"

namespace podwright::control {

void CloudJobs::Submit(Job job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return;
  jobs_.push_back(std::move(job));
  changed_.notify_one();
}

bool CloudJobs::RunOne() {
  Job job;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (jobs_.empty() || !threads_.empty()) return false;
    job = std::move(jobs_.front());
    jobs_.pop_front();
  }
  job(stop_.get_token());
  return true;
}

void CloudJobs::Start(unsigned threads) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

void CloudJobs::Loop() {
  while (true) {
    Job job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return stopped_ || !jobs_.empty(); });
      if (stopped_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job(stop_.get_token());
  }
}

void CloudJobs::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    jobs_.clear();
    changed_.notify_all();
  }
  stop_.request_stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace podwright::control
