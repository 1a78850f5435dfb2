// Values decoded and encoded by the SDK, which checks types, text and numbers, beside the msgpack library, which
// checks none of it. The object is one of a large resource: nested maps and lists, numbers, text.
#include <benchmark/benchmark.h>

#include <msgpack.hpp>
#include <string>

#include "provider/sdk/value/json.h"
#include "provider/sdk/value/msgpack.h"

namespace podwright::sdk {
namespace {

Type ObjectType() {
  const Type rule = Type::Object({{"port", Type::Number()}, {"note", Type::String()}, {"allow", Type::Bool()}});
  return Type::Object(
      {{"id", Type::String()},
       {"name", Type::String()},
       {"content", Type::String()},
       {"ratio", Type::Number()},
       {"tags", Type::Map(Type::String())},
       {"rules", Type::List(rule)},
       {"users", Type::Map(Type::Object({{"roles", Type::Set(Type::String())}, {"uid", Type::Number()}}))}});
}

Value Object() {
  Value::Fields tags;
  Value::Fields users;
  Value::Elements rules;
  for (int i = 0; i < 50; ++i) {
    const std::string n = std::to_string(i);
    tags["tag-" + n] = Value::String("the value of tag number " + n);
    users["user-" + n] = Value::Object({{"roles", Value::Set({Value::String("reader"), Value::String("writer-" + n)})},
                                        {"uid", Value::Int(1000 + i)}});
    rules.push_back(Value::Object({{"port", Value::Int(8000 + i)},
                                   {"note", Value::String("a note about rule number " + n)},
                                   {"allow", Value::Bool(i % 2 == 0)}}));
  }
  return Value::Object({{"id", Value::String("0f4b1a1e-5a53-4d39-8a70-0f2e0f1f9c11")},
                        {"name", Value::String("a-large-resource")},
                        {"content", Value::String(std::string(500, 'c'))},
                        {"ratio", Value::Double(0.5)},
                        {"tags", Value::Map(std::move(tags))},
                        {"rules", Value::List(std::move(rules))},
                        {"users", Value::Map(std::move(users))}});
}

void Bytes(benchmark::State& state, std::size_t size) {
  state.SetBytesProcessed(static_cast<std::int64_t>(size) * static_cast<std::int64_t>(state.iterations()));
}

void Decode(benchmark::State& state) {
  const Type type = ObjectType();
  const std::string bytes = EncodeMsgpack(Object(), type).value();
  for (auto _ : state) {
    auto value = DecodeMsgpack(bytes, type);
    if (!value.ok()) return state.SkipWithError("cannot decode");
    benchmark::DoNotOptimize(value);
  }
  Bytes(state, bytes.size());
}
BENCHMARK(Decode);

void DecodeByTheLibrary(benchmark::State& state) {
  const std::string bytes = EncodeMsgpack(Object(), ObjectType()).value();
  for (auto _ : state) {
    auto value = msgpack::unpack(bytes.data(), bytes.size());
    benchmark::DoNotOptimize(value);
  }
  Bytes(state, bytes.size());
}
BENCHMARK(DecodeByTheLibrary);

void Encode(benchmark::State& state) {
  const Type type = ObjectType();
  const Value value = Object();
  std::size_t size = 0;
  for (auto _ : state) {
    auto bytes = EncodeMsgpack(value, type);
    if (!bytes.ok()) return state.SkipWithError("cannot encode");
    size = bytes->size();
    benchmark::DoNotOptimize(bytes);
  }
  Bytes(state, size);
}
BENCHMARK(Encode);

void EncodeByTheLibrary(benchmark::State& state) {
  const std::string bytes = EncodeMsgpack(Object(), ObjectType()).value();
  const auto value = msgpack::unpack(bytes.data(), bytes.size());
  for (auto _ : state) {
    msgpack::sbuffer buffer;
    msgpack::pack(buffer, value.get());
    benchmark::DoNotOptimize(buffer);
  }
  Bytes(state, bytes.size());
}
BENCHMARK(EncodeByTheLibrary);

void ReadJsonState(benchmark::State& state) {
  const Type type = ObjectType();
  const std::string json = EncodeJson(Object()).value();
  for (auto _ : state) {
    auto value = DecodeJson(json, type);
    if (!value.ok()) return state.SkipWithError("cannot decode");
    benchmark::DoNotOptimize(value);
  }
  Bytes(state, json.size());
}
BENCHMARK(ReadJsonState);

}  // namespace
}  // namespace podwright::sdk
