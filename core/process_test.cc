#include "core/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace podwright {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

ProcessRequest Shell(const std::string& script) {
  ProcessRequest request;
  request.argv = {"/bin/sh", "-c", script};
  request.deadline = steady_clock::now() + seconds(20);
  return request;
}

TEST(Process, CollectsBothStreamsAndTheExitCode) {
  const auto result = RunProcess(Shell("echo out; echo err >&2; exit 7"));
  ASSERT_TRUE(result.ok()) << result.error().ToString();
  EXPECT_EQ(result->out, "out\n");
  EXPECT_EQ(result->err, "err\n");
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_FALSE(result->Succeeded());
}

TEST(Process, AMissingProgramIsAnError) {
  ProcessRequest request;
  request.argv = {"podwright-no-such-program"};
  const auto result = RunProcess(request);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(result.error().message().find("podwright-no-such-program"), std::string::npos);
}

TEST(Process, NoArgumentsAreRefused) {
  EXPECT_FALSE(RunProcess({}).ok());
}

TEST(Process, ArgumentsAreNotInterpreted) {
  ProcessRequest request;
  request.argv = {"printf", "%s", "$(id) `id` ; *"};
  EXPECT_EQ(*RunForOutput(request), "$(id) `id` ; *");
}

TEST(Process, LargeInputComesBackWhole) {
  ProcessRequest request;
  request.argv = {"cat"};
  request.stdin_bytes = std::string(3'000'000, 'x') + "end";
  EXPECT_EQ(*RunForOutput(request), request.stdin_bytes);
}

TEST(Process, AChildThatReadsNothingDoesNotEndUs) {
  ProcessRequest request = Shell("exec 0<&-; echo done");
  request.stdin_bytes = std::string(1'000'000, 'x');
  EXPECT_EQ(*RunForOutput(request), "done\n");
}

TEST(Process, OutputBeyondTheLimitIsDroppedAndSaid) {
  ProcessRequest request = Shell("head -c 500000 /dev/zero");
  request.max_output = 1000;
  const auto result = RunProcess(request);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->out.size(), 1000U);
  EXPECT_TRUE(result->truncated);
  EXPECT_EQ(result->exit_code, 0);
  EXPECT_EQ(RunForOutput(request).error().code(), ErrorCode::kResourceExhausted);
}

TEST(Process, TheDeadlineEndsTheWholeGroup) {
  ProcessRequest request = Shell("(trap '' TERM; sleep 60) & echo $!; wait");
  request.deadline = steady_clock::now() + milliseconds(150);
  request.grace = milliseconds(50);
  const auto result = RunProcess(request);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->timed_out);
  const pid_t orphan = std::stoi(result->out);
  // SIGKILL is delivered at once, but the orphan stays a zombie until init reaps it.
  const auto gone = [&] {
    if (::kill(orphan, 0) != 0) return true;
    ProcessRequest state;
    state.argv = {"ps", "-o", "stat=", "-p", std::to_string(orphan)};
    const auto answer = RunProcess(state);
    return answer.ok() && (answer->out.empty() || answer->out[0] == 'Z');
  };
  const auto give_up = steady_clock::now() + seconds(5);
  while (!gone() && steady_clock::now() < give_up) std::this_thread::yield();
  EXPECT_TRUE(gone());
  EXPECT_EQ(RunForOutput(request).error().code(), ErrorCode::kDeadlineExceeded);
}

TEST(Process, CancellingEndsIt) {
  std::stop_source source;
  ProcessRequest request = Shell("echo started; sleep 60");
  request.cancel = source.get_token();
  std::jthread canceller([&source] { source.request_stop(); });
  const auto before = steady_clock::now();
  const auto result = RunForOutput(request);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kCancelled);
  EXPECT_LT(steady_clock::now() - before, seconds(10));
}

TEST(Process, ADaemonThatKeepsThePipesIsNotWaitedFor) {
  const auto before = steady_clock::now();
  const auto result = RunProcess(Shell("sleep 3 & echo started"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->out, "started\n");
  EXPECT_LT(steady_clock::now() - before, seconds(3));
}

TEST(Process, InheritsNoDescriptors) {
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::dup2(null, 123), 123);  // without close-on-exec, and above what a shell uses itself
  EXPECT_EQ(*RunForOutput(Shell("test -e /proc/$$/fd/123 && echo inherited || echo closed")), "closed\n");
  ::close(123);
  ::close(null);
}

TEST(Process, EnvironmentAndFolderAreAsAsked) {
  ProcessRequest request = Shell("echo \"$PW_A:${HOME-unset}\"; pwd");
  request.env = {{"PW_A", "one"}, {"PATH", "/usr/bin:/bin"}};
  request.base_environment = BaseEnvironment::kEmpty;
  request.cwd = "/usr";
  EXPECT_EQ(*RunForOutput(request), "one:unset\n/usr\n");
}

TEST(Process, ASignalIsInTheExitCode) {
  EXPECT_EQ(RunProcess(Shell("kill -9 $$"))->exit_code, 137);
}

TEST(Process, AFailureTellsWhatTheProgramSaid) {
  const auto result = RunForOutput(Shell("echo first; echo no space left >&2; exit 3"));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message(), "/bin/sh failed with exit code 3: no space left");
}

}  // namespace
}  // namespace podwright
