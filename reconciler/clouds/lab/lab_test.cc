#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "core/file.h"
#include "core/process.h"
#include "reconciler/clouds/lab/apt_sources.h"
#include "reconciler/clouds/lab/host_firewall.h"
#include "reconciler/clouds/lab/host_limits.h"
#include "reconciler/clouds/lab/lab_cloud.h"
#include "reconciler/clouds/lab/machine_json.h"
#include "reconciler/clouds/lab/names.h"
#include "reconciler/clouds/lab/recipe.h"
#include "reconciler/clouds/lab/resolv_conf.h"
#include "reconciler/clouds/lab/state.h"
#include "reconciler/clouds/lab/subnet.h"
#include "reconciler/clouds/lab/tar.h"
#include "reconciler/clouds/lab/tools.h"

namespace podwright::clouds::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Folder {
 public:
  Folder() {
    std::string pattern = testing::TempDir() + "lab-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(AptSources, BothFormsGiveTheSame) {
  const auto stanza = ParseSourcesFile(
      "# a comment\nTypes: deb deb-src\n# another\nURIs: http://mirror.example/debian\n"
      "Suites: bookworm\n bookworm-updates\nComponents: main contrib\nSigned-By: /usr/share/keyrings/d.gpg\n");
  ASSERT_EQ(stanza.size(), 1U);
  EXPECT_THAT(stanza[0].suites, ElementsAre("bookworm", "bookworm-updates"));
  const auto line = ParseListFile(
      "deb [ signed-by=/usr/share/keyrings/d.gpg arch=amd64,i386 ] http://mirror.example/debian bookworm main contrib "
      "# x\n"
      "deb-src http://mirror.example/debian bookworm main\n#deb http://old.example/ bookworm main\ndeb broken\n");
  ASSERT_EQ(line.size(), 1U);
  EXPECT_EQ(line[0].uris, stanza[0].uris);
  EXPECT_EQ(line[0].components, stanza[0].components);
  EXPECT_EQ(line[0].options.at("Signed-By"), stanza[0].options.at("Signed-By"));
  EXPECT_EQ(line[0].options.at("Architectures"), "amd64 i386");
}

TEST(AptSources, DisabledAndSourceOnlyStanzasAreLeftOut) {
  EXPECT_THAT(ParseSourcesFile(
                  "Types: deb\nEnabled: no\nURIs: http://a\nSuites: s\n\nTypes: deb-src\nURIs: http://a\nSuites: s\n"),
              IsEmpty());
}

TEST(AptSources, OnlyTheDistributionItselfIsTaken) {
  const auto all = ParseListFile(
      "deb http://a/debian bookworm main\ndeb https://b/security bookworm-security main\n"
      "deb http://c/sdk cloud-sdk-bookworm main\ndeb http://d/pg bookworm-pgdg main\n"
      "deb file:/srv/mirror bookworm main\ndeb http://e/debian trixie main\ndeb http://a/debian bookworm main\n");
  const auto ours = DistributionSources(all, "bookworm");
  ASSERT_EQ(ours.size(), 2U);
  EXPECT_EQ(ours[0].uris[0], "http://a/debian");
  EXPECT_EQ(ours[1].uris[0], "https://b/security");
}

TEST(AptSources, WhatIsWrittenReadsTheSame) {
  const auto sources = ParseSourcesFile(
      "Types: deb\nURIs: http://a\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n -----END\n");
  ASSERT_EQ(sources.size(), 1U);
  EXPECT_EQ(ParseSourcesFile(FormatSourcesFile(sources)), sources);
  EXPECT_THAT(FormatSourcesFile(sources), HasSubstr("Signed-By:\n -----BEGIN\n .\n abc\n -----END\n"));
}

HostSetup Debian(const std::string& keyring) {
  HostSetup host;
  host.os_release = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";
  host.sources = ParseListFile("deb [signed-by=" + keyring + "] http://a/debian bookworm main\n");
  host.arch = "amd64";
  host.apt_config =
      "Acquire::http::Proxy \"http://proxy:3128\";\nAcquire::https::SslKey \"/etc/ssl/private/me\";\n"
      "Acquire::Check-Valid-Until \"false\";\nDir::Cache \"\";\nAPT::Periodic::Enable \"1\";\n";
  return host;
}

TEST(Recipe, TakesTheHostsSourcesKeysAndProxy) {
  const Folder folder;
  const std::string keyring = folder.path() + "/k.gpg";
  ASSERT_TRUE(ReplaceFile(keyring, "key", 0644).ok());
  const auto recipe = MakeRecipe(Debian(keyring));
  ASSERT_TRUE(recipe.ok()) << recipe.error().ToString();
  EXPECT_EQ(recipe->name, "debian-12");
  EXPECT_EQ(recipe->suite, "bookworm");
  EXPECT_EQ(recipe->mirror, "http://a/debian");
  EXPECT_EQ(recipe->keyring, keyring);
  EXPECT_EQ(recipe->proxy, "http://proxy:3128");
  EXPECT_THAT(recipe->packages, testing::Contains("systemd-sysv"));
  std::map<std::string, std::string> files;
  for (const auto& file : recipe->files) files[file.path] = file.content;
  EXPECT_EQ(files[keyring], "key");
  EXPECT_THAT(files["/etc/apt/sources.list.d/host.sources"], HasSubstr("URIs: http://a/debian"));
  const std::string settings = files["/etc/apt/apt.conf.d/80host-fetch"];
  EXPECT_THAT(settings, HasSubstr("proxy:3128"));
  EXPECT_THAT(settings, HasSubstr("Check-Valid-Until"));
  EXPECT_THAT(settings, Not(HasSubstr("SslKey")));
  EXPECT_THAT(settings, Not(HasSubstr("Periodic")));
}

TEST(Recipe, AnythingThatChangesTheImageChangesItsVersion) {
  const Folder folder;
  const std::string keyring = folder.path() + "/k.gpg";
  ASSERT_TRUE(ReplaceFile(keyring, "key", 0644).ok());
  const HostSetup host = Debian(keyring);
  const std::string version = MakeRecipe(host)->Version();
  EXPECT_EQ(MakeRecipe(host)->Version(), version);
  HostSetup other = host;
  other.sources[0].uris[0] = "http://b/debian";
  EXPECT_NE(MakeRecipe(other)->Version(), version);
  other = host;
  other.http_proxy = "http://other";
  other.apt_config.clear();
  EXPECT_NE(MakeRecipe(other)->Version(), version);
  ASSERT_TRUE(ReplaceFile(keyring, "another key", 0644).ok());
  EXPECT_NE(MakeRecipe(host)->Version(), version);
}

TEST(Recipe, AHostWithoutUsableSourcesIsRefused) {
  HostSetup host = Debian("/nowhere.gpg");
  host.sources.clear();
  EXPECT_EQ(MakeRecipe(host).error().code(), ErrorCode::kFailedPrecondition);
  host.os_release = "ID=fedora\nVERSION_ID=40\n";
  EXPECT_EQ(MakeRecipe(host).error().code(), ErrorCode::kFailedPrecondition);
}

TEST(Subnet, ParsesAndOverlaps) {
  EXPECT_EQ(ParseSubnet("10.89.7.9/24")->ToString(), "10.89.7.0/24");
  EXPECT_EQ(ParseSubnet("10.0.0.1")->prefix, 32);
  EXPECT_FALSE(ParseSubnet("default"));
  EXPECT_FALSE(ParseSubnet("10.0.0.0/33"));
  EXPECT_FALSE(ParseSubnet("fd00::/8"));
  EXPECT_TRUE(ParseSubnet("10.0.0.0/8")->Overlaps(*ParseSubnet("10.89.7.0/24")));
  EXPECT_TRUE(ParseSubnet("0.0.0.0/0")->Overlaps(*ParseSubnet("10.89.7.0/24")));
  EXPECT_FALSE(ParseSubnet("10.89.8.0/24")->Overlaps(*ParseSubnet("10.89.7.0/24")));
}

TEST(Subnet, TheChoiceAvoidsWhatIsUsed) {
  EXPECT_EQ(ChooseSubnet({}, 255)->ToString(), "10.89.255.0/24");
  EXPECT_EQ(ChooseSubnet({*ParseSubnet("10.89.255.0/25")}, 255)->ToString(), "10.89.0.0/24");
  EXPECT_EQ(ChooseSubnet({*ParseSubnet("10.89.0.0/16")}, 3)->ToString(), "10.90.3.0/24");
  EXPECT_FALSE(ChooseSubnet({*ParseSubnet("10.0.0.0/8")}, 0));
}

TEST(Subnet, AddressesAreGivenOnceUntilTheEnd) {
  const Subnet subnet = *ParseSubnet("10.89.7.0/24");
  std::set<std::string> used;
  EXPECT_EQ(*FreeAddress(subnet, used), "10.89.7.2");
  for (int i = 0; i < 253; ++i) ASSERT_TRUE(used.insert(*FreeAddress(subnet, used)).second);
  EXPECT_FALSE(FreeAddress(subnet, used));
}

TEST(Tar, WhatItWritesTarReads) {
  TarWriter writer;
  const std::string longish = "/opt/" + std::string(90, 'a') + "/" + std::string(90, 'b');
  ASSERT_TRUE(writer.Add("/etc/x", std::string("one\0two", 7), 0600).ok());
  ASSERT_TRUE(writer.Add(longish, std::string(513, 'z'), 0755).ok());
  EXPECT_FALSE(writer.Add("/" + std::string(101, 'c'), "", 0600).ok());
  const Folder folder;
  ProcessRequest request;
  request.argv = {"tar", "-xpf", "-", "-C", folder.path()};
  request.stdin_bytes = writer.Finish();
  const auto extracted = RunForOutput(request);
  ASSERT_TRUE(extracted.ok()) << extracted.error().ToString();
  EXPECT_EQ(*ReadFile(folder.path() + "/etc/x"), std::string("one\0two", 7));
  EXPECT_EQ(*ReadFile(folder.path() + longish), std::string(513, 'z'));
  struct stat info {};
  ASSERT_EQ(::stat((folder.path() + "/etc/x").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST(NameServers, ThoseOnLoopbackAreOfNoUse) {
  EXPECT_THAT(NameServers("# x\nsearch a b\nnameserver 127.0.0.53\nnameserver 10.0.0.1\nnameserver ::1\noptions x\n"),
              ElementsAre("10.0.0.1"));
}

TEST(HostFirewall, FindsAPolicyOfDropAndItsOwnRules) {
  const ForwardChain chain = ParseForwardChain(
      R"({"nftables":[{"metainfo":{}},{"chain":{"family":"ip","name":"FORWARD","policy":"drop"}},
          {"rule":{"handle":4,"comment":"other"}},{"rule":{"handle":7,"comment":"pw-1"}},{"rule":{"handle":8}}]})",
      "pw-1");
  EXPECT_TRUE(chain.drops);
  EXPECT_THAT(chain.ours, ElementsAre(7));
  EXPECT_FALSE(ParseForwardChain("not json", "pw-1").drops);
}

TEST(MachineJson, ReadsOursAndSkipsOthers) {
  const auto machines = ParseMachines(
      R"([{"Id":"b","State":"exited","Created":1795231843,"Labels":{"dev.podwright.tag":"t2","dev.podwright.name":"web-2",
           "dev.podwright.address":"10.89.7.3","dev.podwright.label.team":"shop"}},
          {"Id":"x","State":"running","Labels":null},
          {"Id":"a","State":"created","Labels":{"dev.podwright.tag":"t1"}}])");
  ASSERT_TRUE(machines.ok());
  ASSERT_EQ(machines->size(), 2U);
  EXPECT_EQ((*machines)[0].tag, "t1");
  EXPECT_EQ((*machines)[0].state, MachineState::kIncomplete);
  EXPECT_EQ((*machines)[1].state, MachineState::kStopped);
  EXPECT_EQ((*machines)[1].labels.at("team"), "shop");
  EXPECT_THAT((*machines)[1].addresses, ElementsAre("10.89.7.3"));
  EXPECT_FALSE(ParseMachines("{}").ok());
  EXPECT_TRUE(ParseMachines("[]")->empty());
}

TEST(LabNames, DifferBetweenLabsAndFitAnInterface) {
  const LabNames one("i", "/a");
  const LabNames two("i", "/b");
  EXPECT_NE(one.bridge(), two.bridge());
  EXPECT_EQ(LabNames("i", "/a").bridge(), one.bridge());
  EXPECT_LE(one.bridge().size(), 15U);
  EXPECT_LE(one.Veth("t1").size(), 15U);
  EXPECT_NE(one.Veth("t1"), one.Veth("t2"));
}

TEST(LabState, SurvivesAndRefusesGarbage) {
  const Folder folder;
  const std::string path = folder.path() + "/state.json";
  EXPECT_EQ(LoadState(path)->subnet, "");
  ASSERT_TRUE(SaveState(path, {"boot", "10.89.7.0/24", "runc", "cgroupfs", true}).ok());
  const auto loaded = LoadState(path);
  EXPECT_EQ(loaded->subnet, "10.89.7.0/24");
  EXPECT_EQ(loaded->cgroup_manager, "cgroupfs");
  EXPECT_TRUE(loaded->enabled_forwarding);
  ASSERT_TRUE(ReplaceFile(path, "{", 0600).ok());
  EXPECT_EQ(LoadState(path).error().code(), ErrorCode::kDataLoss);
}

TEST(LabCloud, RefusesFoldersThatCannotWork) {
  EXPECT_FALSE(LabCloud::Make({"i", "relative", "/cache", "podman"}).ok());
  EXPECT_FALSE(LabCloud::Make({"i", "/data:x", "/cache", "podman"}).ok());
  EXPECT_FALSE(LabCloud::Make({"i", "/data", "/data/cache", "podman"}).ok());
  EXPECT_FALSE(LabCloud::Make({"I!", "/data", "/cache", "podman"}).ok());
  EXPECT_TRUE(LabCloud::Make({"i", "/data", "", "podman"}).ok());
}

TEST(LabCloud, TellsWhatItCannotDo) {
  const auto cloud = LabCloud::Make({"i", "/data", "", "podman"});
  ASSERT_TRUE(cloud.ok());
  const CloudCapabilities& can = (*cloud)->capabilities();
  EXPECT_FALSE(can.own_kernel);
  EXPECT_TRUE(can.AllowsSysctl("net.ipv4.ip_forward"));
  EXPECT_TRUE(can.AllowsSysctl("kernel.shmmax"));
  EXPECT_TRUE(can.AllowsSysctl("kernel.sem"));
  EXPECT_FALSE(can.AllowsSysctl("vm.swappiness"));
  EXPECT_FALSE(can.AllowsSysctl("kernel.semantics"));
}

TEST(HostLimits, WhatIsTooLowIsRaisedAndWhatIsHigherStays) {
  const std::string path = testing::TempDir() + "limit";
  ASSERT_TRUE(ReplaceFile(path, "128\n", 0600).ok());
  ASSERT_TRUE(RaiseLimit(path, 8192).ok());
  EXPECT_EQ(*ReadFile(path), "8192");
  ASSERT_TRUE(RaiseLimit(path, 512).ok());
  EXPECT_EQ(*ReadFile(path), "8192");
}

}  // namespace
}  // namespace podwright::clouds::lab
