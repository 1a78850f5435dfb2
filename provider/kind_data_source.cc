#include "provider/kind_data_source.h"

#include <set>

#include "provider/object_values.h"

namespace podwright::provider {

namespace {

using sdk::Value;

constexpr std::uint32_t kPage = 500;

// False, with an error, while the provider's configuration is not wholly known.
bool IsReady(const Session& session, sdk::Diagnostics& diagnostics) {
  if (session.backend != nullptr) return true;
  diagnostics.AddError("The control plane is not known yet",
                       "Of the provider's configuration " + session.unknown +
                           " is made by this apply, so nothing can be read before it. Apply in two steps, or give the "
                           "data source a `depends_on` of what makes it, so that it is read then.");
  return false;
}

sdk::Attribute Filter(std::string name, sdk::Type type, std::string description) {
  sdk::Attribute attribute;
  attribute.name = std::move(name);
  attribute.type = std::move(type);
  attribute.optional = true;
  attribute.description = std::move(description);
  return attribute;
}

// "team=shop,tier=web" with the terms of `selector` after it.
std::string Selector(const Labels& labels, const std::string& selector) {
  std::string text;
  for (const auto& [key, label] : labels) text += (text.empty() ? "" : ",") + key + "=" + label;
  if (!selector.empty()) text += (text.empty() ? "" : ",") + selector;
  return text;
}

}  // namespace

sdk::Schema KindDataSource::GetSchema() const {
  sdk::Schema schema;
  schema.description = kind_.doc();
  schema.attributes = ObjectAttributes(kind_);
  sdk::Attribute& name = schema.attributes.front();
  name.computed = false;
  name.required = true;
  return schema;
}

void KindDataSource::Read(const sdk::ReadDataRequest& request, sdk::ReadDataResponse& response) {
  if (!IsReady(session_, response.diagnostics)) return;
  const std::string name = request.config.Get("name").StringOr("");
  v1::GetRequest get = GetRequestOf(kind_, session_.workspace, name);
  get.set_refresh(true);
  const Result<v1::ObjectView> view = session_.backend->Get(get, request.cancellation);
  const Status usable = view.ok() ? CheckView(kind_, session_.workspace, name, *view) : Status(view.error());
  if (!usable.ok()) {
    response.diagnostics.AddError(kind_.name() + "/" + name + ": cannot be read", usable.error(), "name");
    return;
  }
  response.state = ObjectValue(kind_, *view);
}

sdk::Schema KindListDataSource::GetSchema() const {
  const sdk::Type text = sdk::Type::String();
  sdk::Schema schema;
  schema.description = "All " + kind_.plural() + " of the workspace that match. " + kind_.doc();
  schema.attributes.push_back(Filter("labels", sdk::Type::Map(text), "Only those that have all these labels."));
  schema.attributes.push_back(Filter("label_selector", text,
                                     "Only those that match: `team=shop,tier!=db,canary,!old`, where all terms have "
                                     "to hold."));
  schema.attributes.push_back(Filter("owner", text, "Only those of this owner: `tofu:shop`."));
  schema.attributes.push_back(ComputedAttribute("names", sdk::Type::List(text), "Their names, sorted."));
  sdk::Attribute objects = ComputedAttribute(kind_.plural(), sdk::Type::Dynamic(), "What they are, by name.");
  objects.nesting = sdk::Nesting::kMap;
  objects.attributes = ObjectAttributes(kind_);
  schema.attributes.push_back(std::move(objects));
  return schema;
}

Status KindListDataSource::ReadAll(v1::ListRequest list, const sdk::CancellationToken& cancellation,
                                   Value::Fields& objects) const {
  std::set<std::string> seen;  // of page tokens: an answer that leads back would be read for ever
  do {
    PW_ASSIGN(const v1::ListResponse page, session_.backend->List(list, cancellation));
    for (const v1::ObjectView& view : page.objects()) {
      if (view.object().lifecycle() == v1::LIFECYCLE_TOMBSTONE) continue;
      PW_TRY(CheckView(kind_, session_.workspace, view.object().name(), view));
      objects[view.object().name()] = ObjectValue(kind_, view);
    }
    list.set_page_token(page.next_page_token());
    if (!list.page_token().empty() && !seen.insert(list.page_token()).second) {
      return DataLoss("the control plane's list leads back to where it was");
    }
  } while (!list.page_token().empty());
  return Ok();
}

void KindListDataSource::Read(const sdk::ReadDataRequest& request, sdk::ReadDataResponse& response) {
  if (!IsReady(session_, response.diagnostics)) return;
  v1::ListRequest list;
  list.set_workspace(session_.workspace);
  list.set_kind(kind_.name());
  list.set_owner(request.config.Get("owner").StringOr(""));
  list.set_page_size(kPage);
  list.set_label_selector(
      Selector(LabelsOf(request.config.Get("labels")), request.config.Get("label_selector").StringOr("")));
  Value::Fields objects;
  if (const Status read = ReadAll(std::move(list), request.cancellation, objects); !read.ok()) {
    response.diagnostics.AddError("podwright_" + kind_.plural() + ": cannot be read", read.error());
    return;
  }
  Value::Elements names;
  for (const auto& [name, object] : objects) names.push_back(Value::String(name));
  Value state = request.config;
  state.SetField("names", Value::List(std::move(names)));
  state.SetField(kind_.plural(), Value::Map(std::move(objects)));
  response.state = std::move(state);
}

}  // namespace podwright::provider
