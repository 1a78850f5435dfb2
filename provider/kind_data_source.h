// The data sources of a kind: podwright_<kind> tells everything that the control plane knows of one object, the
// volatile too; podwright_<plural> the same of all that match.
//
// Threading: as sdk::DataSource says. The session is owned by the provider.
#pragma once

#include <string>

#include "kinds/registry.h"
#include "provider/backend.h"
#include "provider/sdk/data_source.h"

namespace podwright::provider {

class KindDataSource final : public sdk::DataSource {
 public:
  KindDataSource(const kinds::Kind& kind, const Session& session) : kind_(kind), session_(session) {}
  std::string TypeName() const override { return "podwright_" + kind_.name(); }
  sdk::Schema GetSchema() const override;
  void Read(const sdk::ReadDataRequest& request, sdk::ReadDataResponse& response) override;

 private:
  const kinds::Kind& kind_;
  const Session& session_;
};

class KindListDataSource final : public sdk::DataSource {
 public:
  KindListDataSource(const kinds::Kind& kind, const Session& session) : kind_(kind), session_(session) {}
  std::string TypeName() const override { return "podwright_" + kind_.plural(); }
  sdk::Schema GetSchema() const override;
  void Read(const sdk::ReadDataRequest& request, sdk::ReadDataResponse& response) override;

 private:
  Status ReadAll(v1::ListRequest list, const sdk::CancellationToken& cancellation, sdk::Value::Fields& objects) const;

  const kinds::Kind& kind_;
  const Session& session_;
};

}  // namespace podwright::provider
