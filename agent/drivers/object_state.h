// What drivers do alike with the messages they are handed and with the state that the engine keeps for them.
// Pure. Threading: any thread.
#pragma once

#include <google/protobuf/message_lite.h>

#include <string>

#include "core/result.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/agent_state.pb.h"

namespace podwright::drivers {

// The same message, the same bytes: protobuf's maps have no order of their own.
std::string EncodeStable(const google::protobuf::MessageLite& message);

// The message of an action's verb.
template <typename Message>
Result<Message> ParsePayload(const v1::Action& action) {
  Message message;
  if (!message.ParseFromString(action.payload())) {
    return InvalidArgument("the payload of " + action.verb() + " cannot be read");
  }
  return message;
}

// The inventory of what Podwright brought for an object, sorted: "file:/etc/motd".
bool IsManaged(const v1::ObjectState& state, const std::string& item);
void AddManaged(v1::ObjectState& state, const std::string& item);
void DropManaged(v1::ObjectState& state, const std::string& item);

// A sorted list without repetition, as the inventory is.
void InsertSorted(google::protobuf::RepeatedPtrField<std::string>& list, const std::string& value);
void EraseFrom(google::protobuf::RepeatedPtrField<std::string>& list, const std::string& value);

}  // namespace podwright::drivers
