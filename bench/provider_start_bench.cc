// A provider's process: from its start to the handshake, its memory once it has told its schema, how long the
// schema takes, and the binary's size. Both the toy provider and Podwright's own.
#include <benchmark/benchmark.h>
#include <elf.h>
#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "provider/sdk/testing/plugin_process.h"

namespace podwright::sdk::testing {
namespace {

std::string Binary(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "bin" / name;
}

// Of the program as it is shipped: what is loaded, without what only debuggers need.
double LoadedBytes(const std::string& binary) {
  std::ifstream file(binary, std::ios::binary);
  Elf64_Ehdr header{};
  file.read(reinterpret_cast<char*>(&header), sizeof(header));
  std::vector<Elf64_Phdr> parts(file ? header.e_phnum : 0U);
  file.seekg(static_cast<std::streamoff>(header.e_phoff));
  file.read(reinterpret_cast<char*>(parts.data()), static_cast<std::streamsize>(parts.size() * sizeof(Elf64_Phdr)));
  double bytes = 0;
  for (const Elf64_Phdr& part : parts) bytes += part.p_type == PT_LOAD ? static_cast<double>(part.p_filesz) : 0;
  return bytes;
}

bool AskSchema(PluginProcess& process, std::size_t* size = nullptr) {
  grpc::ClientContext context;
  tfplugin6::GetProviderSchema::Response response;
  if (!process.stub().GetProviderSchema(&context, {}, &response).ok() || response.diagnostics_size() != 0) return false;
  if (size != nullptr) *size = response.ByteSizeLong();
  return true;
}

void StartToHandshake(benchmark::State& state, const std::string& name) {
  for (auto _ : state) {
    const auto process = PluginProcess::Start(Binary(name));
    if (!process.ok()) return state.SkipWithError(process.error().ToString().c_str());
    state.SetIterationTime(std::chrono::duration<double>((*process)->handshake()).count());
  }
  state.counters["binary_bytes"] = LoadedBytes(Binary(name));
}

void SchemaAnswered(benchmark::State& state, const std::string& name) {
  const auto process = PluginProcess::Start(Binary(name));
  if (!process.ok()) return state.SkipWithError(process.error().ToString().c_str());
  std::size_t size = 0;
  if (!AskSchema(**process, &size)) return state.SkipWithError("no schema");
  state.counters["rss_after_schema_bytes"] = static_cast<double>((*process)->ResidentBytes());
  state.counters["schema_bytes"] = static_cast<double>(size);
  for (auto _ : state) {
    if (!AskSchema(**process)) return state.SkipWithError("no schema");
  }
}

BENCHMARK_CAPTURE(StartToHandshake, toy, "terraform-provider-toy")
    ->UseManualTime()
    ->Iterations(40)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(StartToHandshake, podwright, "terraform-provider-podwright")
    ->UseManualTime()
    ->Iterations(40)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(SchemaAnswered, toy, "terraform-provider-toy")->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(SchemaAnswered, podwright, "terraform-provider-podwright")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace podwright::sdk::testing
