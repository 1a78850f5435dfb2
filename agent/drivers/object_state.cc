#include "agent/drivers/object_state.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

namespace podwright::drivers {

std::string EncodeStable(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&out);
  }
  return bytes;
}

void InsertSorted(google::protobuf::RepeatedPtrField<std::string>& list, const std::string& value) {
  if (std::find(list.begin(), list.end(), value) != list.end()) return;
  list.Add(std::string(value));
  std::sort(list.begin(), list.end());
}

void EraseFrom(google::protobuf::RepeatedPtrField<std::string>& list, const std::string& value) {
  list.erase(std::remove(list.begin(), list.end(), value), list.end());
}

bool IsManaged(const v1::ObjectState& state, const std::string& item) {
  return std::find(state.managed().begin(), state.managed().end(), item) != state.managed().end();
}

void AddManaged(v1::ObjectState& state, const std::string& item) {
  InsertSorted(*state.mutable_managed(), item);
}

void DropManaged(v1::ObjectState& state, const std::string& item) {
  EraseFrom(*state.mutable_managed(), item);
}

}  // namespace podwright::drivers
