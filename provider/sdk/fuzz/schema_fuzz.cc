// Any bytes at all as a schema, and as values, answers and stored states of it.
//
// In one half schema, values and author are hostile: whatever they are, there are diagnostics and answers that core
// can read. In the other half all keep the rules: a whole life of an object then has no diagnostic, the checks of
// core's rules included, and a plan of what is there already is empty.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "provider/sdk/fuzz/schema_source.h"
#include "provider/sdk/logic/apply.h"
#include "provider/sdk/logic/made_up.h"
#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/logic/plan.h"
#include "provider/sdk/logic/read.h"
#include "provider/sdk/logic/state.h"
#include "provider/sdk/logic/validate.h"
#include "provider/sdk/server/translate.h"
#include "provider/sdk/value/json.h"
#include "provider/sdk/value/msgpack.h"

namespace podwright::sdk::fuzz {
namespace {

using logic::ResourceEntry;

void Require(bool condition) {
  if (!condition) std::abort();
}

// Keeps the rules, or answers with what the bytes say.
class Author final : public Resource, public WithModifyPlan, public WithImport, public WithUpgrade {
 public:
  Author(Schema schema, Bytes& bytes, bool lawful) : schema_(std::move(schema)), bytes_(bytes), lawful_(lawful) {}

  std::string TypeName() const override { return "fuzz"; }
  Schema GetSchema() const override { return schema_; }
  void Create(const CreateRequest& q, CreateResponse& r) override { Make(q.plan, r.state, r.diagnostics); }
  void Update(const UpdateRequest& q, UpdateResponse& r) override { Make(q.plan, r.state, r.diagnostics); }
  void Read(const ReadRequest&, ReadResponse& r) override { Answer(r.state, r.diagnostics); }
  void Delete(const DeleteRequest&, DeleteResponse& r) override { Answer(r.state, r.diagnostics); }
  void ModifyPlan(const ModifyPlanRequest&, ModifyPlanResponse& r) override {
    Answer(r.plan, r.diagnostics);
    if (!lawful_) r.requires_replace.push_back(AttributePath(std::string(bytes_.Chunk())).Index(bytes_.Byte()));
  }
  void Import(const ImportRequest&, ImportResponse& r) override { Answer(r.state, r.diagnostics); }
  void Upgrade(const UpgradeRequest&, UpgradeResponse& r) override { Answer(r.state, r.diagnostics); }

 private:
  void Make(const Value& plan, Value& state, Diagnostics& diagnostics) {
    const auto made = logic::MadeUp(schema_.attributes, plan);
    if (made) state = *made;
    Answer(state, diagnostics);
  }
  void Answer(Value& state, Diagnostics& diagnostics) {
    if (lawful_) return;
    switch (bytes_.Below(6)) {
      case 1: state = Value::Null(); break;
      case 2: state.SetField("a" + std::to_string(bytes_.Below(4)), Value::Unknown()); break;
      case 3: {
        const auto parsed = ParseJson(bytes_.Chunk());
        state = parsed.ok() ? *parsed : Value::Unknown();
        break;
      }
      case 4: throw std::runtime_error(std::string(bytes_.Chunk()));
      case 5: {
        const auto decoded = DecodeMsgpack(bytes_.Chunk(), schema_.ImpliedType());
        if (decoded.ok()) state = *decoded;
        break;
      }
      default: break;
    }
    if (bytes_.OneIn(4)) diagnostics.AddError("no", "", AttributePath(std::string(bytes_.Chunk())));
  }

  Schema schema_;
  Bytes& bytes_;
  const bool lawful_;
};

template <typename Nesting>
Type Wrapped(Nesting nesting, Type object) {
  switch (static_cast<int>(nesting)) {
    case 2: return Type::List(std::move(object));
    case 3: return Type::Set(std::move(object));
    case 4: return Type::Map(std::move(object));
    default: return object;
  }
}

// The type that core reads out of a schema's message.
Type TypeOnWire(const tfplugin6::Schema::Attribute& attribute) {
  if (!attribute.has_nested_type()) {
    const auto type = Type::FromJson(attribute.type());
    Require(type.ok());
    return *type;
  }
  Type::Attributes types;
  for (const auto& inner : attribute.nested_type().attributes()) types.emplace(inner.name(), TypeOnWire(inner));
  return Wrapped(attribute.nested_type().nesting(), Type::Object(std::move(types)));
}

Type TypeOnWire(const tfplugin6::Schema::Block& block) {
  Type::Attributes types;
  for (const auto& attribute : block.attributes()) types.emplace(attribute.name(), TypeOnWire(attribute));
  for (const auto& inner : block.block_types()) {
    types.emplace(inner.type_name(), Wrapped(inner.nesting(), TypeOnWire(inner.block())));
  }
  return Type::Object(std::move(types));
}

// What core makes of a configuration and a state: prior values where nothing is configured and the provider may.
Value Proposed(const std::vector<Attribute>& attributes, const Value& prior, const Value& config) {
  if (!config.has_value()) return config;
  Value result = config;
  for (const Attribute& attribute : attributes) {
    const Value& configured = config.Get(attribute.name);
    const Value& before = prior.Get(attribute.name);
    if (configured.is_null() && attribute.computed) {
      result.SetField(attribute.name, before);
    } else if (attribute.nesting == Nesting::kSet) {
      const bool one = configured.elements().size() == 1 && before.elements().size() == 1;
      if (!one) continue;
      result.SetField(attribute.name,
                      Value::Set({Proposed(attribute.attributes, before.elements()[0], configured.elements()[0])}));
    } else if (attribute.nesting != Nesting::kNone) {
      result.SetField(attribute.name,
                      logic::MapNested(attribute, configured, {}, [&](const Value& object, const AttributePath& at) {
                        const Value* other = before.At(at);
                        return Proposed(attribute.attributes, other == nullptr ? Value() : *other, object);
                      }));
    }
  }
  return result;
}

// Core reads every answer.
void RequireReadable(const ResourceEntry& entry, const Value& value) {
  const auto written = EncodeMsgpack(value, entry.type);
  Require(written.ok());
  const auto again = DecodeMsgpack(*written, entry.type);
  Require(again.ok() && *again == value);
}

void Hostile(const ResourceEntry& entry, Bytes& bytes) {
  const auto pick = [&] {
    const auto decoded = DecodeMsgpack(bytes.Chunk(), entry.type);
    return decoded.ok()     ? *decoded
           : bytes.OneIn(2) ? Value::Null()
                            : PickConfig(entry.schema.attributes, bytes, Parts::kAny);
  };
  const Value config = pick();
  const Value prior = pick();
  const Value proposed = pick();
  logic::ValidateResource(entry, {.config = config});
  const logic::PlanOutput plan = logic::Plan(entry, {.config = config, .prior = prior, .proposed = proposed});
  if (!plan.diagnostics.HasError()) RequireReadable(entry, plan.planned);
  const logic::ApplyOutput applied =
      logic::Apply(entry, {.config = config, .prior = prior, .planned = bytes.OneIn(2) ? plan.planned : proposed});
  Require(applied.state.IsWhollyKnown());
  RequireReadable(entry, applied.state);
  RequireReadable(entry, logic::Read(entry, {.state = applied.state}).state);
  RequireReadable(entry, logic::Import(entry, {.id = "x"}, {}).state);
  RequireReadable(entry, logic::UpgradeState(entry, bytes.Below(4), bytes.Rest()).state);
}

// Ends with a report where the rules were kept and there is a diagnostic nevertheless.
void RequireSilence(const Diagnostics& diagnostics, const char* when, const Value& prior, const Value& config,
                    const Value& answer) {
  if (diagnostics.empty()) return;
  std::cerr << when << "\nprior  " << prior.ToDisplay() << "\nconfig " << config.ToDisplay() << "\nanswer "
            << answer.ToDisplay() << '\n';
  for (const Diagnostic& item : diagnostics.items()) std::cerr << item.summary << ": " << item.detail << '\n';
  std::abort();
}

// A plan and its apply, as core does them; the new state.
Value Change(const ResourceEntry& entry, const Value& prior, const Value& config) {
  const auto& attributes = entry.schema.attributes;
  const logic::PlanOutput first =
      logic::Plan(entry, {.config = config, .prior = prior, .proposed = Proposed(attributes, prior, config)});
  RequireSilence(first.diagnostics, "first plan", prior, config, first.planned);
  RequireReadable(entry, first.planned);
  const auto known = logic::MadeUp(attributes, config);
  Require(known.has_value());
  const logic::PlanOutput second =
      logic::Plan(entry, {.config = *known, .prior = prior, .proposed = Proposed(attributes, prior, *known)});
  RequireSilence(second.diagnostics, "final plan", prior, *known, second.planned);
  const logic::ApplyOutput applied = logic::Apply(entry, {.config = *known, .prior = prior, .planned = second.planned});
  RequireSilence(applied.diagnostics, "apply", second.planned, *known, applied.state);
  RequireReadable(entry, applied.state);
  const logic::PlanOutput empty = logic::Plan(
      entry, {.config = *known, .prior = applied.state, .proposed = Proposed(attributes, applied.state, *known)});
  Diagnostics said = empty.diagnostics;
  if (!(empty.planned == applied.state)) said.AddError("the plan of what is there is not empty", "");
  if (!empty.requires_replace.empty()) said.AddError("replaced", empty.requires_replace.front().ToString());
  RequireSilence(said, "next plan", applied.state, *known, empty.planned);
  return applied.state;
}

void Lawful(const ResourceEntry& entry, Bytes& bytes, Parts parts) {
  const auto& attributes = entry.schema.attributes;
  Value state = Change(entry, Value::Null(), PickConfig(attributes, bytes, parts));
  const auto read = logic::Read(entry, {.state = state});
  Require(read.diagnostics.empty() && read.state == state);
  const auto stored = EncodeJson(state);
  Require(stored.ok());
  const auto upgraded = logic::UpgradeState(entry, entry.schema.version, *stored);
  Require(upgraded.diagnostics.empty() && upgraded.state == state);
  state = Change(entry, state, PickConfig(attributes, bytes, parts));
  Require(logic::Plan(entry, {.prior = state}).planned.is_null());
  Require(logic::Apply(entry, {.prior = state}).state.is_null());
}

}  // namespace
}  // namespace podwright::sdk::fuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  ::setenv("PODWRIGHT_SDK_CHECKS", "1", 1);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podwright::sdk;
  fuzz::Bytes bytes(std::string_view(reinterpret_cast<const char*>(data), size));
  const auto making = static_cast<fuzz::Making>(bytes.Below(3));
  const bool lawful = making != fuzz::Making::kAny;
  Schema schema = fuzz::PickSchema(bytes, making);
  auto entry = logic::ResourceEntry::Make(std::make_unique<fuzz::Author>(std::move(schema), bytes, lawful));
  if (!entry.ok()) {
    if (lawful) std::abort();
    return 0;
  }
  tfplugin6::Schema wire;
  server::ToWire(entry->schema, wire);
  tfplugin6::Schema read;
  fuzz::Require(read.ParseFromString(wire.SerializeAsString()));
  fuzz::Require(fuzz::TypeOnWire(read.block()) == entry->type);
  if (lawful) {
    fuzz::Lawful(*entry, bytes, making == fuzz::Making::kSound ? fuzz::Parts::kAny : fuzz::Parts::kKnown);
  } else {
    fuzz::Hostile(*entry, bytes);
  }
  return 0;
}
