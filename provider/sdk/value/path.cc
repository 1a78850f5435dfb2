#include "provider/sdk/value/path.h"

#include "provider/sdk/value/json_text.h"

namespace podwright::sdk {

std::string AttributePath::ToString() const {
  std::string text;
  for (const Step& step : steps_) {
    if (const auto* attribute = std::get_if<AttributeStep>(&step)) {
      if (!text.empty()) text += '.';
      text += attribute->name;
    } else if (const auto* key = std::get_if<KeyStep>(&step)) {
      text += '[';
      AppendJsonString(text, key->key);
      text += ']';
    } else if (const auto* index = std::get_if<IndexStep>(&step)) {
      text += '[' + std::to_string(index->index) + ']';
    }
  }
  return text;
}

}  // namespace podwright::sdk
