#include "tests/sim/server.h"

#include <cstdlib>
#include <filesystem>

namespace podwright::sim {

Server::Server(std::string name, Clock& clock) : name_(std::move(name)), clock_(clock) {
  std::string pattern = (std::filesystem::temp_directory_path() / "podwright-sim-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  folder_ = pattern;
  environment_ = std::make_unique<drivers::Environment>(
      drivers::Environment{host.View(), clock_,
                           [](const v1::SealedSecret& sealed, const std::function<Status(std::string_view)>& use) {
                             return use(sealed.name() + "/" + std::to_string(sealed.version()));
                           },
                           [](std::chrono::milliseconds) { return true; }, "local key"});
  Boot();
}

Server::~Server() {
  engine_.reset();
  journal_.reset();
  std::filesystem::remove_all(folder_);
}

void Server::Boot() {
  engine_.reset();
  journal_.reset();
  said_.clear();
  drivers_ = drivers::MakeDrivers(*environment_);
  auto journal = agent::Journal::Open(folder_);
  if (!journal.ok()) std::abort();
  journal_ = *std::move(journal);
  agent::EngineOptions options;
  options.version = "0.1.0";
  options.server = name_;
  options.state_folder = folder_;
  engine_ = std::make_unique<agent::Engine>(options, host.View(), drivers_, *journal_, clock_);
}

v1::Hello Server::Connect() {
  engine_->Attach([this](v1::AgentMessage message) { said_.push_back(std::move(message)); });
  v1::Hello hello = said_.front().hello();
  said_.erase(said_.begin());
  return hello;
}

void Server::Disconnect() {
  engine_->Detach();
  said_.clear();
}

}  // namespace podwright::sim
