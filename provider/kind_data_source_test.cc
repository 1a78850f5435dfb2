#include "provider/kind_data_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/v1/kinds/server.pb.h"
#include "provider/testing/fake_backend.h"

namespace podwright::provider {
namespace {

using sdk::Value;
using ::testing::HasSubstr;

class KindDataSourceTest : public ::testing::Test {
 protected:
  KindDataSourceTest() {
    session_.backend = &backend_;
    session_.workspace = "default";
  }

  static v1::ObjectView Server(const std::string& name, v1::Lifecycle lifecycle = v1::LIFECYCLE_LIVE) {
    v1::kinds::ServerStatus status;
    status.set_reachable(true);
    v1::ObjectView view;
    view.mutable_object()->set_workspace("default");
    view.mutable_object()->set_kind("server");
    view.mutable_object()->set_name(name);
    view.mutable_object()->set_owner("git:plans");
    view.mutable_object()->set_lifecycle(lifecycle);
    (*view.mutable_object()->mutable_labels())["tier"] = "web";
    view.set_phase(v1::PHASE_READY);
    view.set_status(status.SerializeAsString());
    return view;
  }
  static v1::ListResponse Page(const std::vector<v1::ObjectView>& views, const std::string& next) {
    v1::ListResponse page;
    for (const v1::ObjectView& view : views) *page.add_objects() = view;
    page.set_next_page_token(next);
    return page;
  }
  sdk::ReadDataResponse ReadMany(const Value& config) {
    sdk::ReadDataRequest request;
    request.config = config;
    sdk::ReadDataResponse response;
    response.state = config;
    many_.Read(request, response);
    return response;
  }

  testing::FakeBackend backend_;
  Session session_;
  KindDataSource one_{*kinds::AllKinds().Find("server"), session_};
  KindListDataSource many_{*kinds::AllKinds().Find("server"), session_};
};

TEST_F(KindDataSourceTest, OneTellsTheVolatileToo) {
  backend_.view("server/web-1") = Server("web-1");
  sdk::ReadDataRequest request;
  request.config = Value::Object({{"name", Value::String("web-1")}});
  sdk::ReadDataResponse response;
  one_.Read(request, response);
  EXPECT_TRUE(response.diagnostics.empty());
  EXPECT_EQ(response.state.Get("status").Get("reachable"), Value::Bool(true));
  EXPECT_EQ(response.state.Get("phase"), Value::String("ready"));
  EXPECT_EQ(response.state.Get("owner"), Value::String("git:plans"));
}

TEST_F(KindDataSourceTest, ManyAreReadPageByPageAndWhatIsGoingIsLeftOut) {
  backend_.pages = {Page({Server("web-2"), Server("web-1")}, "more"),
                    Page({Server("web-3"), Server("gone", v1::LIFECYCLE_TOMBSTONE)}, "")};
  const auto response = ReadMany(Value::Object({{"labels", Value::Map({{"tier", Value::String("web")}})},
                                                {"label_selector", Value::String("!canary")},
                                                {"owner", Value::String("git:plans")}}));
  EXPECT_TRUE(response.diagnostics.empty());
  EXPECT_EQ(response.state.Get("names"),
            Value::List({Value::String("web-1"), Value::String("web-2"), Value::String("web-3")}));
  EXPECT_EQ(response.state.Get("servers").Get("web-3").Get("id"), Value::String("default/web-3"));
  ASSERT_EQ(backend_.lists.size(), 2U);
  EXPECT_EQ(backend_.lists[0].label_selector(), "tier=web,!canary");
  EXPECT_EQ(backend_.lists[0].owner(), "git:plans");
  EXPECT_EQ(backend_.lists[1].page_token(), "more");
}

TEST_F(KindDataSourceTest, NoneIsAnEmptyMap) {
  backend_.pages = {Page({}, "")};
  const auto response = ReadMany(Value::Object({}));
  EXPECT_EQ(response.state.Get("servers"), Value::Map({}));
  EXPECT_EQ(response.state.Get("names"), Value::List({}));
}

TEST_F(KindDataSourceTest, AListThatLeadsBackOrHoldsOtherThingsIsAnError) {
  backend_.pages = {Page({Server("web-1")}, "same")};
  EXPECT_THAT(ReadMany(Value::Object({})).diagnostics.items()[0].detail, HasSubstr("leads back"));
  v1::ObjectView other = Server("web-1");
  other.mutable_object()->set_kind("secret");
  backend_.pages = {Page({other}, "")};
  EXPECT_THAT(ReadMany(Value::Object({})).diagnostics.items()[0].detail, HasSubstr("cannot be used"));
}

TEST_F(KindDataSourceTest, WhileTheProvidersConfigurationIsUnknownTheErrorNamesWhatIs) {
  session_.backend = nullptr;
  session_.unknown = "`endpoint`";
  const auto response = ReadMany(Value::Object({}));
  ASSERT_TRUE(response.diagnostics.HasError());
  EXPECT_THAT(response.diagnostics.items()[0].detail, HasSubstr("`endpoint`"));
}

}  // namespace
}  // namespace podwright::provider
