// Commands from the command line to the exit code, against a fake control plane.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "cli/app.h"
#include "cli/terminal.h"
#include "cli/testing/fake_control.h"
#include "core/clock.h"
#include "core/sealed_value.h"

namespace podwright::cli {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using testing::FakeControl;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-cli-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    variables_ = {{"PODWRIGHT_CONFIG", (folder_ / "config.yaml").string()},
                  {"PODWRIGHT_TOKEN", "token"},
                  {"PODWRIGHT_CA_FINGERPRINT", "abc"}};
  }
  ~CommandsTest() override { std::filesystem::remove_all(folder_); }

  int Run(std::vector<std::string> args, const std::string& input = "", TerminalTraits traits = {}) {
    std::istringstream in(input);
    out_.str("");
    err_.str("");
    Terminal terminal(in, out_, err_, traits);
    Outside outside;
    outside.environment = [this](const char* name) -> std::optional<std::string> {
      const auto it = variables_.find(name);
      return it == variables_.end() ? std::nullopt : std::optional(it->second);
    };
    outside.connect = [this](const client::Context& context) -> Result<std::unique_ptr<client::Control>> {
      workspace_ = context.workspace;
      auto control = std::make_unique<FakeControl>(answers_);
      control_ = control.get();
      return std::unique_ptr<client::Control>(std::move(control));
    };
    outside.exec = [this](const std::vector<std::string>& argv) {
      executed_ = argv;
      return Ok();
    };
    outside.clock = &clock_;
    app_ = std::make_unique<App>(terminal, std::move(outside));
    return app_->Run(args);
  }
  std::string Write(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }
  std::string GoodFile() {
    return Write("good.yaml",
                 "apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: good}\nspec: {generator: {}}\n");
  }
  void AnswerPlan(bool with_action) {
    v1::Plan& plan = *answers_.apply_response.mutable_plan();
    plan.set_digest(std::string(32, '\x0a'));
    if (!with_action) return;
    v1::Slice& slice = *plan.add_slices();
    slice.mutable_object()->set_kind("server");
    slice.mutable_object()->set_name("web-1");
    v1::Action& action = *slice.add_actions();
    action.set_id("a1");
    action.set_server("web-1");
    action.set_verb("server.file.write");
    action.set_summary("write /etc/motd");
    *action.mutable_object() = slice.object();
    plan.add_order("a1");
  }
  void AnswerRun(v1::RunState end) {
    answers_.apply_response.set_run("r1");
    v1::Run run;
    run.set_id("r1");
    v1::ActionRecord& record = *run.add_actions();
    record.mutable_action()->set_id("a1");
    record.mutable_action()->set_server("web-1");
    record.mutable_action()->set_summary("write /etc/motd");
    run.set_state(v1::RUN_STATE_RUNNING);
    record.set_state(v1::ACTION_STATE_SENT);
    answers_.run_states.push_back(run);
    run.set_state(end);
    run.mutable_actions(0)->set_state(end == v1::RUN_STATE_SUCCEEDED ? v1::ACTION_STATE_SUCCEEDED
                                                                     : v1::ACTION_STATE_FAILED);
    run.mutable_actions(0)->mutable_outcome()->set_error(end == v1::RUN_STATE_SUCCEEDED ? "" : "disk full");
    answers_.run_states.push_back(run);
  }
  void AnswerObjects(int count) {
    for (int i = 0; i < count; ++i) {
      v1::ObjectView view;
      view.mutable_object()->set_kind("secret");
      view.mutable_object()->set_name("s-" + std::to_string(i));
      view.mutable_object()->set_owner("cli:default");
      view.set_phase(v1::PHASE_READY);
      answers_.objects.push_back(view);
    }
  }

  std::filesystem::path folder_;
  std::map<std::string, std::string> variables_;
  FakeControl answers_;             // copied into every run's control plane
  FakeControl* control_ = nullptr;  // of the last run; owned by app_
  std::string workspace_;
  std::vector<std::string> executed_;
  std::ostringstream out_;
  std::ostringstream err_;
  FakeClock clock_;
  std::unique_ptr<App> app_;
};

TEST_F(CommandsTest, WrongCommandLineSaysSoAndExitsWith64) {
  EXPECT_EQ(Run({"aply"}), kUsage);
  EXPECT_EQ(Run({"get", "--nonsense"}), kUsage);
  EXPECT_EQ(Run({"get", "-o", "xml"}), kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("xml"));
  EXPECT_EQ(Run({"--help"}), kDone);
}

TEST_F(CommandsTest, ValidateNeedsNoControlPlane) {
  variables_.clear();
  EXPECT_EQ(Run({"validate", GoodFile()}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("valid: 1 document"));
}

TEST_F(CommandsTest, ValidateShowsEveryErrorWithItsPlace) {
  Write("a.yaml", "apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: good}\nspec: {generatr: {}}\n");
  Write("b.yaml", "apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: Bad_Name}\nspec: {}\n");
  EXPECT_EQ(Run({"validate", folder_.string()}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("a.yaml:4"));
  EXPECT_THAT(err_.str(), HasSubstr("b.yaml:3"));
  EXPECT_EQ(Run({"validate", folder_.string(), "-o", "json"}), kFailed);
  EXPECT_EQ(Json::parse(out_.str())["diagnostics"].size(), 2u);
}

TEST_F(CommandsTest, PlanAsksWithoutEffectAndItsExitCodeSaysWhetherThereAreChanges) {
  AnswerPlan(true);
  EXPECT_EQ(Run({"plan", GoodFile()}), kDone);
  ASSERT_EQ(control_->applies.size(), 1u);
  EXPECT_TRUE(control_->applies[0].dry_run());
  EXPECT_EQ(control_->applies[0].owner(), "cli:default");
  EXPECT_EQ(Run({"plan", GoodFile(), "--detailed-exitcode"}), kChanges);
  answers_.apply_response.clear_plan();
  EXPECT_EQ(Run({"plan", GoodFile(), "--detailed-exitcode"}), kDone);
}

TEST_F(CommandsTest, PlanWithARefusedObjectFails) {
  AnswerPlan(true);
  answers_.apply_response.mutable_plan()->mutable_slices(0)->set_error("the lab cannot set vm.swappiness");
  EXPECT_EQ(Run({"plan", GoodFile(), "--detailed-exitcode"}), kFailed);
  EXPECT_THAT(out_.str(), HasSubstr("vm.swappiness"));
}

TEST_F(CommandsTest, DanglingReferenceIsAnErrorWithItsPlaceUnlessTheControlPlaneHasTheObject) {
  const std::string file = Write("dangling.yaml",
                                 "apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: a}\n"
                                 "spec: {secrets: {/etc/x: {secret: s-0}}}\n");
  EXPECT_EQ(Run({"plan", file}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("dangling.yaml:4"));
  AnswerObjects(1);
  EXPECT_EQ(Run({"plan", file}), kDone);
}

TEST_F(CommandsTest, SavedPlanBindsItsDigest) {
  AnswerPlan(true);
  AnswerRun(v1::RUN_STATE_SUCCEEDED);
  const std::string saved = (folder_ / "plan.bin").string();
  ASSERT_EQ(Run({"plan", GoodFile(), "--out", saved, "--prune", "--set", "shop"}), kDone);
  ASSERT_EQ(Run({"apply", saved, "--yes"}), kDone);
  ASSERT_EQ(control_->applies.size(), 1u);
  const v1::ApplyRequest& request = control_->applies[0];
  EXPECT_EQ(request.plan_digest(), std::string(32, '\x0a'));
  EXPECT_EQ(request.owner(), "cli:shop");
  EXPECT_EQ(request.scope(), v1::APPLY_SCOPE_WHOLE_OWNER);
  ASSERT_EQ(request.puts_size(), 1);
  EXPECT_FALSE(request.dry_run());
  const std::string id = request.puts(0).kind() + "/" + request.puts(0).name();
  ASSERT_TRUE(request.expected_revisions().contains(id));
  EXPECT_EQ(request.expected_revisions().at(id), 0);
}

TEST_F(CommandsTest, TransferIsOneRequestBoundToTheObjectsAsTheyAre) {
  AnswerObjects(3);
  answers_.objects[1].set_revision(7);
  v1::TransferredObject& one = *answers_.transfer.add_transferred();
  one.mutable_object()->set_kind("secret");
  one.mutable_object()->set_name("s-0");
  one.set_from("cli:default");
  answers_.transfer.add_warnings("take them out of its folder");
  ASSERT_EQ(Run({"transfer", "secret/s-0", "secret/s-1", "--to", "tofu:shop", "--yes"}), kDone);
  ASSERT_EQ(control_->transfers.size(), 2u);
  EXPECT_TRUE(control_->transfers[0].dry_run());
  const v1::TransferRequest& request = control_->transfers[1];
  EXPECT_FALSE(request.dry_run());
  EXPECT_EQ(request.objects_size(), 2);
  EXPECT_EQ(request.expected_revisions().at("secret/s-1"), 7);
  EXPECT_THAT(err_.str(), HasSubstr("secret/s-0: cli:default → tofu:shop"));
  EXPECT_THAT(err_.str(), HasSubstr("take them out of its folder"));
}

TEST_F(CommandsTest, TransferDoesNothingWithoutAYes) {
  AnswerObjects(1);
  v1::TransferredObject& one = *answers_.transfer.add_transferred();
  one.mutable_object()->set_kind("secret");
  one.mutable_object()->set_name("s-0");
  one.set_from("cli:default");
  TerminalTraits person;
  person.in_is_terminal = true;
  EXPECT_EQ(Run({"transfer", "secret/s-0", "--to", "tofu:shop"}, "n\n", person), kFailed);
  ASSERT_EQ(control_->transfers.size(), 1u);
  EXPECT_TRUE(control_->transfers[0].dry_run());
  EXPECT_THAT(err_.str(), HasSubstr("secret/s-0: cli:default → tofu:shop"));
}

TEST_F(CommandsTest, TransferNeedsObjectsOrAnOwnerAndNotTheLabsSet) {
  EXPECT_EQ(Run({"transfer", "--to", "tofu:shop", "--yes"}), kFailed);
  EXPECT_EQ(Run({"transfer", "--from", "cli:a", "--to", "cli:lab", "--yes"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("lab up"));
  EXPECT_EQ(control_, nullptr) << "the control plane was asked";
}

TEST_F(CommandsTest, ApplySaysOnceWhatItsRunWaitsFor) {
  AnswerPlan(true);
  AnswerRun(v1::RUN_STATE_SUCCEEDED);
  answers_.run_states[0].add_waiting("server/web-1 refers to secret/x, which has no value yet");
  answers_.run_states.insert(answers_.run_states.begin(), answers_.run_states[0]);
  ASSERT_EQ(Run({"apply", GoodFile(), "--yes"}), kDone);
  const std::string line = "waiting  server/web-1 refers to secret/x, which has no value yet\n";
  EXPECT_THAT(out_.str(), HasSubstr(line));
  EXPECT_EQ(out_.str().find(line), out_.str().rfind(line));
}

TEST_F(CommandsTest, DamagedPlanFileIsRefused) {
  AnswerPlan(true);
  const std::string saved = (folder_ / "plan.bin").string();
  ASSERT_EQ(Run({"plan", GoodFile(), "--out", saved}), kDone);
  std::fstream file(saved, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-3, std::ios::end);
  file << "xyz";
  file.close();
  EXPECT_EQ(Run({"apply", saved, "--yes"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("damaged"));
}

TEST_F(CommandsTest, ApplyAsksFirstAndThenBindsWhatWasShown) {
  AnswerPlan(true);
  AnswerRun(v1::RUN_STATE_SUCCEEDED);
  TerminalTraits person;
  person.in_is_terminal = true;
  EXPECT_EQ(Run({"apply", GoodFile()}, "y\n", person), kDone);
  ASSERT_EQ(control_->applies.size(), 2u);
  EXPECT_TRUE(control_->applies[0].dry_run());
  EXPECT_EQ(control_->applies[1].plan_digest(), std::string(32, '\x0a'));
  EXPECT_EQ(Run({"apply", GoodFile()}, "n\n", person), kFailed);
  EXPECT_EQ(control_->applies.size(), 1u);
  EXPECT_THAT(out_.str(), HasSubstr("Nothing was done"));
}

TEST_F(CommandsTest, ApplyWithNobodyThereNeedsYes) {
  AnswerPlan(true);
  EXPECT_EQ(Run({"apply", GoodFile()}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("--yes"));
  ASSERT_EQ(control_->applies.size(), 1u);
  EXPECT_TRUE(control_->applies[0].dry_run());
}

TEST_F(CommandsTest, FailedRunFailsTheApplyInTheServersOwnWords) {
  AnswerPlan(true);
  AnswerRun(v1::RUN_STATE_FAILED);
  EXPECT_EQ(Run({"apply", GoodFile(), "--yes"}), kFailed);
  EXPECT_THAT(out_.str(), HasSubstr("disk full"));
}

TEST_F(CommandsTest, ApplyAsJsonIsOneDocument) {
  AnswerPlan(true);
  AnswerRun(v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(Run({"apply", GoodFile(), "--yes", "-o", "json"}), kDone);
  const Json value = Json::parse(out_.str());
  EXPECT_EQ(value["run"]["state"], "succeeded");
  EXPECT_EQ(value["plan"]["actions"][0]["summary"], "write /etc/motd");
}

TEST_F(CommandsTest, GetReadsAllPages) {
  AnswerObjects(5);
  EXPECT_EQ(Run({"get", "secrets", "-o", "json"}), kDone);
  const Json list = Json::parse(out_.str());
  ASSERT_EQ(list.size(), 5u);
  EXPECT_EQ(list[4]["name"], "s-4");
  EXPECT_EQ(list[0]["phase"], "ready");
  EXPECT_EQ(control_->list_pages, 3);
}

TEST_F(CommandsTest, GetOfNothingIsAnEmptyList) {
  EXPECT_EQ(Run({"get", "secret", "-o", "json"}), kDone);
  EXPECT_EQ(out_.str(), "[]\n");
}

TEST_F(CommandsTest, UnknownKindNamesTheKinds) {
  EXPECT_EQ(Run({"get", "sekret"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("secret, server"));
}

TEST_F(CommandsTest, FlagWinsOverTheEnvironmentsWorkspace) {
  variables_["PODWRIGHT_WORKSPACE"] = "from-environment";
  EXPECT_EQ(Run({"get", "secret"}), kDone);
  EXPECT_EQ(workspace_, "from-environment");
  EXPECT_EQ(Run({"get", "secret", "-w", "from-flag"}), kDone);
  EXPECT_EQ(workspace_, "from-flag");
}

TEST_F(CommandsTest, DeleteNamesObjectsAndOwner) {
  AnswerPlan(false);
  EXPECT_EQ(Run({"delete", "srv/web-1", "secret/x", "--yes"}), kDone);
  ASSERT_EQ(control_->applies.size(), 1u);
  ASSERT_EQ(control_->applies[0].deletes_size(), 2);
  EXPECT_EQ(control_->applies[0].deletes(0).kind(), "server");
  EXPECT_EQ(control_->applies[0].scope(), v1::APPLY_SCOPE_LISTED);
}

TEST_F(CommandsTest, SecretsValueComesFromStandardInputAndIsNeverShown) {
  EXPECT_EQ(Run({"secret", "set", "token"}, "top secret\n"), kDone);
  ASSERT_EQ(control_->set_secrets.size(), 1u);
  EXPECT_EQ(control_->set_secrets[0].value(), "top secret\n");
  EXPECT_THAT(out_.str() + err_.str(), Not(HasSubstr("top secret")));
  EXPECT_EQ(Run({"secret", "set", "token"}, ""), kFailed);
}

TEST_F(CommandsTest, PartsOfASecretComeFromFilesAndTheirValuesAreNeverShown) {
  const std::string file = Write("password", "top secret");
  EXPECT_EQ(Run({"secret", "set", "account", "--part", "password=" + file}), kDone);
  ASSERT_EQ(control_->set_secrets.size(), 1u);
  EXPECT_EQ(control_->set_secrets[0].parts().at("password"), "top secret");
  EXPECT_TRUE(control_->set_secrets[0].value().empty());
  EXPECT_THAT(out_.str() + err_.str(), Not(HasSubstr("top secret")));
  EXPECT_EQ(Run({"secret", "set", "account", "--part", "password"}), kFailed);
  EXPECT_EQ(Run({"secret", "set", "account", "--part", "password=" + file + ".none"}), kFailed);
}

TEST_F(CommandsTest, AValueIsSealedWithTheKeyFromAFileWithoutAControlPlane) {
  const auto private_key = crypto::PrivateKey::Generate(crypto::KeyType::kX25519).value();
  const std::string key = FormatSealingKey({"shop", private_key.Public()->Raw().value()});
  control_ = nullptr;
  ASSERT_EQ(Run({"secret", "seal", "orders", "--key", Write("seal.key", key + "\n")}, "top secret"), kDone);
  EXPECT_EQ(control_, nullptr);
  std::string sealed = out_.str();
  sealed.pop_back();
  EXPECT_EQ(OpenSealedValue(private_key, "shop", "orders", sealed)->Reveal(), "top secret");
  answers_.sealing_key.set_key(key);
  ASSERT_EQ(Run({"secret", "seal", "orders"}, "top secret"), kDone);
  EXPECT_THAT(out_.str(), ::testing::StartsWith("pws1."));
  ASSERT_EQ(Run({"secret", "seal-key"}), kDone);
  EXPECT_EQ(out_.str(), key + "\n");
  EXPECT_EQ(Run({"secret", "seal", "orders", "--key", Write("no.key", "hello")}, "top secret"), kFailed);
}

TEST_F(CommandsTest, WhoUsesShowsEveryServerAndItsVersions) {
  answers_.who_uses.set_name("tls");
  answers_.who_uses.set_version(3);
  v1::SecretConsumer& consumer = *answers_.who_uses.add_consumers();
  consumer.mutable_object()->set_kind("server");
  consumer.mutable_object()->set_name("web-1");
  consumer.set_server("web-1");
  consumer.add_wants(3);
  consumer.add_has(2);
  consumer.set_pending(true);
  ASSERT_EQ(Run({"secret", "who-uses", "tls"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("secret/tls has version 3."));
  EXPECT_THAT(out_.str(), HasSubstr("server/web-1  web-1   3      2    to be delivered"));
}

TEST_F(CommandsTest, TokenIsShownOnceOnStandardOutput) {
  EXPECT_EQ(Run({"token", "create", "--name", "ci", "--role", "viewer"}), kDone);
  EXPECT_EQ(out_.str(), "pw_shown_once\n");
  ASSERT_EQ(control_->created_tokens.size(), 1u);
  EXPECT_EQ(control_->created_tokens[0].workspace(), "default");
  EXPECT_EQ(Run({"token", "create", "--name", "ci", "--role", "king"}), kUsage);
}

TEST_F(CommandsTest, LabUpDeclaresJustSoManyServers) {
  AnswerPlan(false);
  EXPECT_EQ(Run({"lab", "up", "3", "--yes"}), kDone);
  ASSERT_EQ(control_->applies.size(), 1u);
  const v1::ApplyRequest& request = control_->applies[0];
  EXPECT_EQ(request.owner(), "cli:lab");
  EXPECT_EQ(request.scope(), v1::APPLY_SCOPE_WHOLE_OWNER);
  ASSERT_EQ(request.puts_size(), 3);
  EXPECT_EQ(request.puts(2).name(), "lab-3");
  EXPECT_EQ(request.deletes_size(), 0);
}

TEST_F(CommandsTest, LabServersThatGoAreNamed) {
  AnswerPlan(false);
  for (const char* name : {"lab-1", "lab-2"}) {
    v1::ObjectView view;
    view.mutable_object()->set_kind("server");
    view.mutable_object()->set_name(name);
    view.mutable_object()->set_owner("cli:lab");
    answers_.objects.push_back(view);
  }
  EXPECT_EQ(Run({"lab", "up", "1", "--yes"}), kDone);
  ASSERT_EQ(control_->applies[0].deletes_size(), 1);
  EXPECT_EQ(control_->applies[0].deletes(0).name(), "lab-2");
  EXPECT_EQ(Run({"lab", "down", "--yes"}), kDone);
  EXPECT_EQ(control_->applies[0].puts_size(), 0);
  EXPECT_EQ(control_->applies[0].scope(), v1::APPLY_SCOPE_LISTED);
  EXPECT_EQ(control_->applies[0].deletes_size(), 2);
}

TEST_F(CommandsTest, LabListMarksStrays) {
  for (const bool stray : {false, true}) {
    v1::MachineView& machine = *answers_.machines.add_machines();
    machine.set_cloud("lab");
    machine.set_server(stray ? "left-over" : "web-1");
    machine.set_state("running");
    machine.set_id(stray ? "m2" : "m1");
    machine.add_addresses("10.0.0.2");
    machine.set_stray(stray);
  }
  EXPECT_EQ(Run({"lab", "list"}), kDone);
  EXPECT_THAT(out_.str(), ContainsRegex("web-1 +running +10.0.0.2 +m1 *\n"));
  EXPECT_THAT(out_.str(), ContainsRegex("left-over +running +10.0.0.2 +m2 +yes"));
}

TEST_F(CommandsTest, LabSshRunsTheCommandThatFollows) {
  Run({"lab", "ssh", "web-1", "--", "sh", "-c", "echo --yes"});
  EXPECT_THAT(executed_, ElementsAre("podman", "exec", "web-1", "sh", "-c", "echo --yes"));
  executed_.clear();
  EXPECT_EQ(Run({"lab", "ssh", "web-1", "--print"}), kDone);
  EXPECT_EQ(out_.str(), "podman exec web-1\n");
  EXPECT_THAT(executed_, IsEmpty());
}

TEST_F(CommandsTest, LabSshRunsNothingForAControlPlaneElsewhere) {
  EXPECT_EQ(Run({"lab", "ssh", "web-1", "--endpoint", "192.0.2.1:7440"}), kFailed);
  EXPECT_THAT(executed_, IsEmpty());
}

TEST_F(CommandsTest, EventsAreLinesOrOneList) {
  v1::Event event;
  event.set_type("drift.repaired");
  event.set_message("rewrote\n/etc/motd \x1b[31m");
  event.set_unix_ms(1'700'000'000'000);
  answers_.events = {event, event};
  EXPECT_EQ(Run({"events"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("2023-11-14T22:13:20.000Z  drift.repaired  rewrote /etc/motd \\x1b[31m\n"));
  EXPECT_EQ(Run({"events", "-o", "json"}), kDone);
  EXPECT_EQ(Json::parse(out_.str()).size(), 2u);
}

TEST_F(CommandsTest, ContextShowsNoToken) {
  EXPECT_EQ(Run({"context", "show"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("127.0.0.1:7440"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("token\n")));
}

TEST_F(CommandsTest, CompletionKnowsTheCommands) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(Run({"completion", shell}), kDone);
    EXPECT_THAT(out_.str(), HasSubstr("detailed-exitcode")) << shell;
    EXPECT_THAT(out_.str(), HasSubstr("rotate")) << shell;
  }
}

}  // namespace
}  // namespace podwright::cli
