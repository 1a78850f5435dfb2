// Calling functions whose doings the test decides.
#include "provider/sdk/logic/function.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

namespace podwright::sdk::logic {
namespace {

struct Scripted : Function {
  FunctionSignature signature{};
  std::function<void(const CallRequest&, CallResponse&)> body = [](const CallRequest&, CallResponse&) {};
  std::string name = "f";
  std::string Name() const override { return name; }
  FunctionSignature GetSignature() const override { return signature; }
  void Call(const CallRequest& request, CallResponse& response) const override { body(request, response); }
};

class Functions : public ::testing::Test {
 protected:
  Functions() {
    scripted_->signature = {
        .parameters = {{.name = "a", .type = Type::String()},
                       {.name = "b", .type = Type::String(), .allow_null = true, .allow_unknown = true}},
        .return_type = Type::String()};
    scripted_->body = [this](const CallRequest&, CallResponse& response) {
      ++calls_;
      response.result = Value::String("done");
    };
  }
  CallResponse Call(std::vector<Value> arguments) {
    auto copy = std::make_unique<Scripted>(*scripted_);
    return CallFunction(FunctionEntry::Make(std::move(copy)).value(), {.arguments = std::move(arguments)});
  }
  std::string ErrorOf(std::vector<Value> arguments) {
    const CallResponse response = Call(std::move(arguments));
    return response.error ? response.error->text : "";
  }

  std::unique_ptr<Scripted> scripted_ = std::make_unique<Scripted>();
  int calls_ = 0;
};

const Value kText = Value::String("x");

TEST_F(Functions, NullReachesOnlyParametersThatTakeIt) {
  const CallResponse refused = Call({Value::Null(), kText});
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->argument, 0);
  EXPECT_EQ(calls_, 0);
  EXPECT_EQ(Call({kText, Value::Null()}).result, Value::String("done"));
}

TEST_F(Functions, UnknownMakesTheResultUnknownWithoutACall) {
  EXPECT_TRUE(Call({Value::Unknown(), kText}).result.is_unknown());
  EXPECT_EQ(calls_, 0);
  EXPECT_EQ(Call({kText, Value::Unknown()}).result, Value::String("done"));
}

TEST_F(Functions, WrongNumberOfArgumentsIsAnError) {
  EXPECT_NE(ErrorOf({kText}), "");
  EXPECT_NE(ErrorOf({kText, kText, kText}), "");
  scripted_->signature.variadic = FunctionParameter{.name = "more", .type = Type::String()};
  EXPECT_EQ(ErrorOf({kText, kText, kText, kText}), "");
}

TEST_F(Functions, WhatTheAuthorThrowsIsTheError) {
  scripted_->body = [](const CallRequest&, CallResponse&) { throw std::runtime_error("boom"); };
  EXPECT_NE(ErrorOf({kText, kText}).find("boom"), std::string::npos);
}

TEST_F(Functions, ResultOfAnotherTypeIsTheAuthorsFault) {
  scripted_->body = [](const CallRequest&, CallResponse& response) { response.result = Value::List({}); };
  EXPECT_NE(ErrorOf({kText, kText}).find("a string is required"), std::string::npos);
}

TEST_F(Functions, ArgumentIndexThatDoesNotExistIsDropped) {
  scripted_->body = [](const CallRequest&, CallResponse& response) { response.SetArgumentError(7, "bad"); };
  const CallResponse response = Call({kText, kText});
  ASSERT_TRUE(response.error);
  EXPECT_FALSE(response.error->argument);
}

TEST_F(Functions, FaultySignaturesAreRefused) {
  const auto refusal = [&](FunctionSignature signature, const std::string& name = "f") {
    auto function = std::make_unique<Scripted>();
    function->signature = std::move(signature);
    function->name = name;
    const auto entry = FunctionEntry::Make(std::move(function));
    return entry.ok() ? std::string() : entry.error().ToString();
  };
  EXPECT_EQ(refusal({}), "");
  EXPECT_NE(refusal({.parameters = {{.name = "Bad"}}}).find("names are"), std::string::npos);
  EXPECT_NE(refusal({.parameters = {{.name = "a"}}, .variadic = FunctionParameter{.name = "a"}}).find("twice"),
            std::string::npos);
  EXPECT_NE(refusal({}, "provider::f").find("names are"), std::string::npos);
}

}  // namespace
}  // namespace podwright::sdk::logic
