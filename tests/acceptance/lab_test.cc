// The lab on this host, for real: needs root, podman, debootstrap and the host's apt.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "core/process.h"
#include "reconciler/clouds/cloud_contract.h"
#include "reconciler/clouds/lab/lab_cloud.h"
#include "reconciler/clouds/lab/names.h"
#include "reconciler/clouds/lab/tools.h"

namespace podwright::clouds {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr char kInstallation[] = "acceptance";

double SecondsSince(SteadyTime start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

// Polls a condition of the outside world, which no clock of ours can move.
template <typename Condition>
bool Eventually(Condition condition, seconds limit = seconds(60)) {
  const auto give_up = steady_clock::now() + limit;
  while (!condition()) {
    if (steady_clock::now() >= give_up) return false;
    ::poll(nullptr, 0, 50);
  }
  return true;
}

// A program that hangs (`podman exec` into a server that is just going down) is ended, and says so.
std::string Output(const std::vector<std::string>& argv, seconds limit = seconds(60)) {
  ProcessRequest request;
  request.argv = argv;
  request.deadline = steady_clock::now() + limit;
  const auto result = RunProcess(request);
  if (!result.ok()) return result.error().ToString();
  return result->timed_out ? result->out + "(not ended after " + std::to_string(limit.count()) + " s)" : result->out;
}

// Programs whose command line names `text`.
std::vector<std::string> ProcessesWith(const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    std::string line = bytes.str();
    std::replace(line.begin(), line.end(), '\0', ' ');
    if (line.find(text) != std::string::npos) found.push_back(line);
  }
  return found;
}

// Where podman and its runtimes put things when nobody tells them otherwise. Containers of others come and go.
std::string FoldersOfPodman() {
  return Output({"find", "/var/lib/containers", "/etc/containers", "/etc/cni", "/run/containers", "/run/libpod",
                 "/run/netns", "/run/crun", "/run/runc", "/dev/shm", "/var/tmp", "-not", "-path", "/run/crun/*", "-not",
                 "-path", "/run/runc/*"});
}

// One lab for all tests of this program; each test leaves it empty.
class LabTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    // On some hosts such a folder is there and empty; it is not the lab's to take away.
    for (const char* folder : {"/run/crun", "/var/lib/containers"}) {
      if (std::filesystem::create_directory(folder)) made_.emplace_back(folder);
    }
    folders_before_ = FoldersOfPodman();
    forwarding_before_ = Output({"cat", "/proc/sys/net/ipv4/ip_forward"});
    std::string pattern = std::string(PODWRIGHT_BUILD_FOLDER) + "/lab-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    cloud_ = MakeCloud().release();
    ASSERT_NE(cloud_, nullptr);
    const auto start = steady_clock::now();
    const Status prepared = cloud_->Prepare(options());
    ASSERT_TRUE(prepared.ok()) << prepared.error().ToString();
    std::cout << "prepared (network, image, runtime) in " << SecondsSince(start) << " s\n";
  }
  static void TearDownTestSuite() {
    if (cloud_ == nullptr) return;
    const Status destroyed = cloud_->DestroyAll(options());
    EXPECT_TRUE(destroyed.ok()) << destroyed.error().ToString();
    delete cloud_;
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/data"));
    std::filesystem::remove_all(folder_);
    for (const auto& folder : made_) ::rmdir(folder.c_str());
  }
  void SetUp() override { ASSERT_NE(cloud_, nullptr); }
  void TearDown() override {
    const auto machines = cloud_->List(options());
    ASSERT_TRUE(machines.ok()) << machines.error().ToString();
    for (const auto& machine : *machines) EXPECT_TRUE(cloud_->Delete(machine.tag, options()).ok());
  }

  static std::unique_ptr<LabCloud> MakeCloud() {
    auto made = LabCloud::Make({kInstallation, folder_ + "/data", PODWRIGHT_LAB_CACHE, "podman"});
    EXPECT_TRUE(made.ok()) << made.error().ToString();
    return made.ok() ? std::move(*made) : nullptr;
  }
  static LabCloud& cloud() { return *cloud_; }
  static CallOptions options() { return {steady_clock::now() + std::chrono::minutes(25), {}}; }
  static std::string Tag(int n) {
    return "t" + std::to_string(testing::UnitTest::GetInstance()->random_seed()) + "-" + std::to_string(n);
  }

  // /etc/passwd is not a folder, so this dies between the container and its first start.
  static Status MakeIncomplete(MachineRequest request) {
    request.files.push_back({"/etc/passwd/no-folder", "", 0600});
    auto made = cloud_->Create(request, options());
    if (!made.ok()) return std::move(made).error();
    return Ok();
  }

  static std::string Exec(const std::string& tag, const std::string& script, seconds limit = seconds(60)) {
    const auto argv = cloud_->ShellArgv(tag, {"/bin/bash", "-c", "{ " + script + "; } 2>&1"});
    EXPECT_TRUE(argv.ok());
    return Output(*argv, limit);
  }
  // As someone at the host would, with the lab's own podman.
  static void Stop(const std::string& tag) {
    std::vector<std::string> argv = *cloud_->ShellArgv(tag, {"x"});
    while (argv.back() != "exec") argv.pop_back();
    argv.pop_back();
    argv.insert(argv.end(), {"stop", "--time=10", tag});
    EXPECT_THAT(Output(argv), HasSubstr(tag));
  }
  static std::string SystemState(const std::string& tag) {
    std::string state;
    EXPECT_TRUE(Eventually(
        [&] {
          state = Exec(tag, "systemctl is-system-running --wait", seconds(30));
          return state == "running\n" || state == "degraded\n";
        },
        seconds(180)))
        << state << Exec(tag, "systemctl list-jobs; systemctl --failed --no-legend; journalctl -b -n 40 --no-pager");
    return state;
  }

  static inline LabCloud* cloud_ = nullptr;
  static inline std::string folder_;
  static inline std::string forwarding_before_;
  static inline std::string folders_before_;
  static inline std::vector<std::string> made_;
};

PW_CLOUD_CONTRACT(LabTest)

MachineRequest WebServer(const std::string& tag, const std::string& name) {
  MachineRequest request = contract::Request(tag, name);
  request.sysctls = {{"net.ipv4.ip_local_port_range", "20000\t30000"}};
  request.files = {
      {"/etc/podwright/token", "one-time\n", 0600},
      {"/etc/systemd/system/probe.service",
       "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/bin/probe -c 'cp /etc/podwright/token "
       "/root/seen'\n",
       0644},
      {"/etc/systemd/system/multi-user.target.d/probe.conf", "[Unit]\nWants=probe.service\n", 0644},
  };
  request.binaries = {{"/bin/dash", "/usr/local/bin/probe", 0755}};
  return request;
}

TEST_F(LabTest, ServersAreRealServers) {
  const std::vector<std::string> tags = {Tag(1), Tag(2)};
  std::vector<std::string> addresses(2);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] {
        const auto start = steady_clock::now();
        const auto made = cloud().Create(WebServer(tags[i], "web-" + std::to_string(i + 1)), options());
        ASSERT_TRUE(made.ok()) << made.error().ToString();
        addresses[i] = made->addresses[0];
        const double created = SecondsSince(start);
        EXPECT_EQ(SystemState(tags[i]), "running\n")
            << Exec(tags[i], "systemctl --failed --no-legend; journalctl -p 3");
        std::cout << made->name << ": created in " << created << " s, systemd ready after " << SecondsSince(start)
                  << " s\n";
      });
    }
  }
  const std::string& tag = tags[0];
  EXPECT_EQ(Exec(tag, "systemctl --failed --no-legend"), "");
  EXPECT_EQ(Exec(tag, "hostname; getent hosts web-1 | cut -d' ' -f1; id -u"), "web-1\n127.0.1.1\n0\n");

  // What was given is there from the first boot on, owned by root, and only as open as asked.
  EXPECT_EQ(Exec(tag, "stat -c '%a %U:%G' /etc/podwright/token /usr/local/bin/probe /etc/podwright; cat /root/seen"),
            "600 root:root\n755 root:root\n755 root:root\none-time\n");
  EXPECT_THAT(ProcessesWith("one-time"), IsEmpty());

  // Sysctls of its own can be set at creation and later; the host's refuse.
  EXPECT_EQ(Exec(tag, "cat /proc/sys/net/ipv4/ip_local_port_range"), "20000\t30000\n");
  EXPECT_EQ(Exec(tag, "sysctl -w net.ipv4.ip_forward=1 kernel.shmmni=4095"),
            "net.ipv4.ip_forward = 1\nkernel.shmmni = 4095\n");
  EXPECT_THAT(Exec(tag, "echo 11 > /proc/sys/vm/swappiness"), HasSubstr("Read-only"));

  // Identities are each server's own.
  EXPECT_NE(Exec(tag, "cat /etc/machine-id"), Exec(tags[1], "cat /etc/machine-id"));
  EXPECT_NE(Exec(tag, "cat /etc/ssh/ssh_host_ed25519_key.pub"), Exec(tags[1], "cat /etc/ssh/ssh_host_ed25519_key.pub"));

  EXPECT_EQ(Exec(tag, "nft add table inet t && nft list tables inet; ls /dev/net/tun"), "table inet t\n/dev/net/tun\n");
  EXPECT_THAT(Exec(tag, "exec 3<>/dev/tcp/" + addresses[1] + "/22 && head -c 7 <&3"), StartsWith("SSH-2.0"));

  const auto start = steady_clock::now();
  const std::string log =
      Exec(tag, "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install redis-server", seconds(300));
  EXPECT_EQ(Exec(tag, "systemctl is-active redis-server; redis-cli ping"), "active\nPONG\n") << log;
  std::cout << "apt-get update and install of redis-server in " << SecondsSince(start) << " s\n";

  // A reboot keeps the disk and the address.
  const std::string boot = Exec(tag, "systemctl show -P InvocationID ssh; touch /root/kept");
  Exec(tag, "systemctl --no-block reboot");
  EXPECT_TRUE(Eventually(
      [&] {
        const std::string now =
            Exec(tag, "systemctl is-system-running --wait; systemctl show -P InvocationID ssh", seconds(20));
        return now.starts_with("running\n") && now.substr(8) != boot;
      },
      seconds(180)));
  EXPECT_EQ(Exec(tag, "ls /root/kept; redis-cli ping"), "/root/kept\nPONG\n");
  EXPECT_THAT(Exec(tags[1], "exec 3<>/dev/tcp/" + addresses[0] + "/22 && head -c 7 <&3"), StartsWith("SSH-2.0"));
}

TEST_F(LabTest, MachinesReachTheHostWhereItListensBeforeTheFirstOfThem) {
  const auto address = cloud().HostAddress(options());
  ASSERT_TRUE(address.ok()) << address.error().ToString();
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  ASSERT_EQ(::inet_pton(AF_INET, address->c_str(), &name.sin_addr), 1);
  socklen_t size = sizeof name;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&name), size), 0) << *address;
  ASSERT_EQ(::listen(listener, 8), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size);

  ASSERT_TRUE(cloud().Create(contract::Request(Tag(1), "web-1"), options()).ok());
  EXPECT_EQ(
      Exec(Tag(1), "exec 3<>/dev/tcp/" + *address + "/" + std::to_string(ntohs(name.sin_port)) + " && echo reached"),
      "reached\n");
  ::close(listener);
  EXPECT_EQ(*cloud().HostAddress(options()), *address);
}

// With Debian's own limit the sixth server of a host hangs in its boot.
TEST_F(LabTest, TheHostLetsManyServersWatchTheirFiles) {
  const std::string limit = "/proc/sys/fs/inotify/max_user_instances";
  const std::string before = Output({"cat", limit});
  ASSERT_EQ(Output({"sh", "-c", "echo 128 > " + limit}), "");
  const auto other = MakeCloud();
  ASSERT_TRUE(other->HostAddress(options()).ok());
  EXPECT_GE(std::stoi(Output({"cat", limit})), 8192);
  Output({"sh", "-c", "echo " + before.substr(0, before.size() - 1) + " > " + limit});
}

TEST_F(LabTest, AStoppedMachineIsStartedByCreate) {
  const auto made = cloud().Create(contract::Request(Tag(1), "web-1"), options());
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  SystemState(Tag(1));
  Stop(Tag(1));
  EXPECT_EQ((*cloud().Read(Tag(1), options()))->state, MachineState::kStopped);
  const auto again = cloud().Create(contract::Request(Tag(1), "web-1"), options());
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  EXPECT_EQ(again->id, made->id);
  EXPECT_EQ(again->state, MachineState::kRunning);
  EXPECT_EQ(SystemState(Tag(1)), "running\n");
}

TEST_F(LabTest, ANewProcessFindsWhatTheOldOneMade) {
  const auto made = cloud().Create(contract::Request(Tag(1), "web-1"), options());
  ASSERT_TRUE(made.ok());
  const auto other = MakeCloud();
  const auto read = other->Read(Tag(1), options());
  ASSERT_TRUE(read.ok() && read->has_value());
  EXPECT_EQ((*read)->id, made->id);
  EXPECT_EQ(*other->HostAddress(options()), *cloud().HostAddress(options()));
}

// What happens after the host itself restarted: nothing runs, no namespace, no bridge, another boot.
TEST_F(LabTest, MachinesComeBackAfterTheHostRestarted) {
  const auto made = cloud().Create(contract::Request(Tag(1), "web-1"), options());
  ASSERT_TRUE(made.ok());
  SystemState(Tag(1));
  Exec(Tag(1), "touch /root/kept");
  Stop(Tag(1));
  const std::string data = folder_ + "/data";
  const lab::LabNames names(kInstallation, data);
  Output({"umount", data + "/namespaces/" + Tag(1)});
  Output({"ip", "link", "del", names.bridge()});
  Output({"nft", "delete", "table", "ip", names.table()});
  Output({"sed", "-i", "s/\"boot_id\": \"[^\"]*\"/\"boot_id\": \"another\"/", data + "/state.json"});

  const auto other = MakeCloud();
  const auto read = other->Read(Tag(1), options());
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  ASSERT_TRUE(read->has_value());
  EXPECT_EQ((*read)->state, MachineState::kRunning);
  EXPECT_EQ((*read)->id, made->id);
  EXPECT_EQ(SystemState(Tag(1)), "running\n");
  EXPECT_EQ(Exec(Tag(1), "ls /root/kept; ip -4 -o addr show eth0 | grep -c " + made->addresses[0]), "/root/kept\n1\n");
}

TEST_F(LabTest, ACreationThatIsKilledAnywhereLeaksNothing) {
  const std::string data = folder_ + "/data";
  // How long it takes here and now; the kills are spread over that.
  const auto begun = steady_clock::now();
  ASSERT_TRUE(cloud().Create(WebServer(Tag(10), "web-1"), options()).ok());
  const auto whole = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begun);
  ASSERT_TRUE(cloud().Delete(Tag(10), options()).ok());
  constexpr int kKills = 10;
  int incomplete = 0;
  for (int n = 0; n < kKills; ++n) {
    const std::string tag = Tag(10 + n);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto cloud = MakeCloud();
      const auto made = cloud->Create(WebServer(tag, "web-1"), options());
      ::_exit(made.ok() ? 0 : 1);
    }
    ASSERT_GT(child, 0);
    ::poll(nullptr, 0, static_cast<int>(whole.count() * (2 * n + 1) / (2 * kKills)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    // The podman that the dead process had started ends by itself; only then is it all there.
    ASSERT_TRUE(Eventually([&] {
      for (const auto& line : ProcessesWith(data)) {
        if (line.find("conmon ") == std::string::npos && line.find(" --exit-command") == std::string::npos)
          return false;
      }
      return true;
    }));
    const auto found = cloud().Read(tag, options());
    ASSERT_TRUE(found.ok()) << found.error().ToString();
    if (found->has_value() && (*found)->state == MachineState::kIncomplete) ++incomplete;
    ASSERT_TRUE(cloud().Delete(tag, options()).ok());
    EXPECT_THAT(contract::Tags(cloud(), options()), Not(testing::Contains(tag)));
    EXPECT_FALSE(std::filesystem::exists(data + "/namespaces/" + tag));
    EXPECT_FALSE(std::filesystem::exists("/sys/class/net/" + lab::LabNames(kInstallation, data).Veth(tag)));
  }
  EXPECT_GT(incomplete, 0) << "no kill came between the container and its first start";
}

// Last, by its name too: what the other tests did is undone here.
TEST_F(LabTest, ZDestroyAllLeavesNothing) {
  ASSERT_TRUE(cloud().Create(contract::Request(Tag(1), "web-1"), options()).ok());
  ASSERT_FALSE(MakeIncomplete(contract::Request(Tag(2), "web-2")).ok());
  const std::string data = folder_ + "/data";
  const lab::LabNames names(kInstallation, data);
  ASSERT_THAT(Output({"ip", "link"}), HasSubstr(names.bridge()));
  const auto machines = cloud().List(options());
  ASSERT_TRUE(machines.ok());
  ASSERT_THAT(*machines, testing::SizeIs(2));
  const Status destroyed = cloud().DestroyAll(options());
  ASSERT_TRUE(destroyed.ok()) << destroyed.error().ToString();

  EXPECT_THAT(ProcessesWith(data), IsEmpty());
  EXPECT_THAT(Output({"cat", "/proc/self/mountinfo"}), Not(HasSubstr(data)));
  const std::string links = Output({"ip", "link"});
  EXPECT_THAT(links, Not(HasSubstr(names.bridge())));
  EXPECT_THAT(links, Not(HasSubstr(names.Veth(Tag(1)))));
  EXPECT_THAT(links, Not(HasSubstr(names.Veth(Tag(2)))));
  EXPECT_THAT(Output({"nft", "list", "tables"}), Not(HasSubstr(names.table())));
  EXPECT_EQ(Output({"find", "/sys/fs/cgroup", "-name", names.cgroup() + "*"}), "");
  EXPECT_EQ(Output({"cat", "/proc/sys/net/ipv4/ip_forward"}), forwarding_before_);
  EXPECT_EQ(FoldersOfPodman(), folders_before_);
  for (const Machine& machine : *machines) {
    EXPECT_FALSE(std::filesystem::exists("/run/runc/" + machine.id));
    EXPECT_FALSE(std::filesystem::exists("/run/crun/" + machine.id));
  }
  EXPECT_FALSE(std::filesystem::exists(data));
  EXPECT_TRUE(cloud().DestroyAll(options()).ok());
  EXPECT_TRUE(cloud().List(options()).ok());
}

}  // namespace
}  // namespace podwright::clouds
