#include "cli/render/message.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/render/plan.h"
#include "cli/render/words.h"
#include "core/digest.h"
#include "kinds/registry.h"
#include "kinds/text.h"
#include "podwright/v1/object.pb.h"

namespace podwright::cli {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// RUN_STATE_RUNNING of RunState is "running".
std::string EnumWord(const EnumValueDescriptor& value) {
  std::string prefix;
  for (const char c : value.type()->name()) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0 && !prefix.empty()) prefix += '_';
    prefix += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  prefix += '_';
  std::string word = value.name();
  if (word.starts_with(prefix)) word.erase(0, prefix.size());
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  return word;
}

bool IsPayload(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_BYTES && (field.name() == "payload" || field.name() == "spec");
}

// `index` is -1 for a singular field.
Json FieldJson(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return repeated ? reflection.GetRepeatedInt32(message, &field, index) : reflection.GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return repeated ? reflection.GetRepeatedInt64(message, &field, index) : reflection.GetInt64(message, &field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return repeated ? reflection.GetRepeatedUInt32(message, &field, index) : reflection.GetUInt32(message, &field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return repeated ? reflection.GetRepeatedUInt64(message, &field, index) : reflection.GetUInt64(message, &field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return repeated ? reflection.GetRepeatedDouble(message, &field, index) : reflection.GetDouble(message, &field);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return repeated ? reflection.GetRepeatedFloat(message, &field, index) : reflection.GetFloat(message, &field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return repeated ? reflection.GetRepeatedBool(message, &field, index) : reflection.GetBool(message, &field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumWord(repeated ? *reflection.GetRepeatedEnum(message, &field, index)
                               : *reflection.GetEnum(message, &field));
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text =
          repeated ? reflection.GetRepeatedString(message, &field, index) : reflection.GetString(message, &field);
      return field.type() == FieldDescriptor::TYPE_BYTES ? HexEncode(text) : text;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageJson(repeated ? reflection.GetRepeatedMessage(message, &field, index)
                                  : reflection.GetMessage(message, &field));
  }
  return nullptr;
}

Json MapJson(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  std::vector<std::pair<std::string, Json>> entries;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    const Json name = FieldJson(entry, key, -1);
    entries.emplace_back(name.is_string() ? name.get<std::string>() : name.dump(), FieldJson(entry, value, -1));
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Json object = Json::object();
  for (auto& [name, entry] : entries) object[name] = std::move(entry);
  return object;
}

// Empty where the bytes are no message of the kind: an older program sees a newer kind.
Json Decoded(std::unique_ptr<Message> message, const std::string& bytes) {
  if (bytes.empty() || !message->ParseFromString(bytes)) return Json::object();
  return Json::parse(kinds::ToJson(*message), nullptr, false);
}

}  // namespace

Json MessageJson(const Message& message) {
  constexpr std::string_view kTimeEnding = "_unix_ms";
  Json object = Json::object();
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor& field = *descriptor->field(i);
    if (IsPayload(field)) continue;
    if (field.is_map()) {
      object[field.name()] = MapJson(message, field);
    } else if (field.is_repeated()) {
      Json list = Json::array();
      const int size = message.GetReflection()->FieldSize(message, &field);
      for (int j = 0; j < size; ++j) list.push_back(FieldJson(message, field, j));
      object[field.name()] = std::move(list);
    } else if (field.name().ends_with(kTimeEnding) && field.cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
      const std::int64_t time = message.GetReflection()->GetInt64(message, &field);
      const std::string name = field.name().substr(0, field.name().size() - kTimeEnding.size());
      object[name.empty() ? std::string("time") : name] = time > 0 ? Json(TimeText(time)) : Json(nullptr);
    } else if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
               message.GetReflection()->HasField(message, &field)) {
      object[field.name()] = FieldJson(message, field, -1);
    }
  }
  return object;
}

Json ObjectJson(const kinds::Registry& registry, const v1::ObjectView& view) {
  const v1::StoredObject& object = view.object();
  Json value;
  value["kind"] = object.kind();
  value["name"] = object.name();
  value["workspace"] = object.workspace();
  value["uid"] = object.uid();
  value["owner"] = object.owner();
  value["phase"] = std::string(PhaseWord(view.phase()));
  value["deleting"] = object.lifecycle() == v1::LIFECYCLE_TOMBSTONE;
  value["generation"] = object.generation();
  value["revision"] = view.revision();
  value["labels"] = Json::object();
  const std::map<std::string, std::string> labels(object.labels().begin(), object.labels().end());
  for (const auto& [key, label] : labels) value["labels"][key] = label;
  value["created"] = TimeText(object.created_unix_ms());
  value["updated"] = TimeText(object.updated_unix_ms());
  if (object.paused_until_unix_ms() > 0) {
    value["paused_until"] = TimeText(object.paused_until_unix_ms());
    value["pause_reason"] = object.pause_reason();
  }
  value["last_run"] = view.last_run();
  value["conditions"] = Json::array();
  for (const v1::Condition& condition : view.conditions()) value["conditions"].push_back(MessageJson(condition));
  value["referrers"] = Json::array();
  for (const v1::ObjectRef& ref : view.referrers()) value["referrers"].push_back(RefText(ref));

  const kinds::Kind* kind = registry.Find(object.kind());
  if (kind == nullptr) return value;
  value["spec"] = Decoded(kind->NewSpec(), object.spec());
  value["status"] = Decoded(kind->NewStatus(), view.status());
  value["observed"] = Json::object();
  const std::map<std::string, std::string> observed(view.observed().begin(), view.observed().end());
  for (const auto& [server, bytes] : observed) value["observed"][server] = Decoded(kind->NewObserved(), bytes);
  return value;
}

Json PlanJson(const v1::Plan& plan) {
  const PlanSummary summary = Summarize(plan);
  Json value;
  value["digest"] = HexEncode(plan.digest());
  value["revision"] = plan.revision();
  value["changes"] = summary.actions > 0;
  value["worst_disruption"] = std::string(DisruptionWord(summary.worst));
  value["estimated_downtime_ms"] = summary.downtime_ms;
  value["actions"] = Json::array();
  for (const v1::Action* action : OrderedActions(plan)) {
    Json entry = MessageJson(*action);
    entry["sign"] = std::string(1, ActionSign(*action));
    value["actions"].push_back(std::move(entry));
  }
  value["slices"] = Json::array();
  for (const v1::Slice& slice : plan.slices()) {
    Json entry;
    entry["object"] = RefText(slice.object());
    entry["digest"] = HexEncode(slice.digest());
    entry["error"] = slice.error();
    entry["notes"] = slice.notes();
    entry["requirements"] = slice.requirements();
    entry["reads"] = Json::array();
    for (const v1::FactRead& read : slice.reads()) entry["reads"].push_back(read.key());
    value["slices"].push_back(std::move(entry));
  }
  return value;
}

}  // namespace podwright::cli
