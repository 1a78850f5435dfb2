// The managed resource of a kind: podwright_<kind>. One class serves every kind; the kind's descriptor says
// the rest.
//
// Beside the kind's own attributes it has: id ("workspace/name"), name, labels, effective_labels (with the provider's
// default ones), status, planned_disruption (what the last plan that changed the object would disturb, for policies)
// and, with bind_plans, plan_digest and plan_facts: core itself then refuses a saved plan under which a fact has
// changed, and its error names the fact.
//
// A create that Terraform takes for failed is tainted, and the next apply destroys before it creates again. So that
// this never wipes a thing that came to be meanwhile, a plan that creates without a state says so in its private state,
// which the destroying half gets to see: it then asks the control plane to keep the thing for the creating half.
//
// A time limit that is over (`timeouts`) ends the waiting only: the run goes on, and what is said names it.
//
// Files: kind_resource.cc (schema, read), kind_resource_identity.cc (identity, import), kind_resource_plan.cc,
// kind_resource_apply.cc.
//
// Threading: as sdk::Resource says. The session is owned by the provider and outlives the resource.
#pragma once

#include <memory>
#include <string>

#include "kinds/registry.h"
#include "provider/backend.h"
#include "provider/sdk/resource.h"

namespace podwright::provider {

class KindResource final : public sdk::Resource,
                           public sdk::WithIdentity,
                           public sdk::WithImport,
                           public sdk::WithModifyPlan,
                           public sdk::WithValidate {
 public:
  KindResource(const kinds::Kind& kind, const Session& session) : kind_(kind), session_(session) {}

  std::string TypeName() const override { return "podwright_" + kind_.name(); }
  sdk::Schema GetSchema() const override;
  void Create(const sdk::CreateRequest& request, sdk::CreateResponse& response) override;
  void Read(const sdk::ReadRequest& request, sdk::ReadResponse& response) override;
  void Update(const sdk::UpdateRequest& request, sdk::UpdateResponse& response) override;
  void Delete(const sdk::DeleteRequest& request, sdk::DeleteResponse& response) override;
  void Import(const sdk::ImportRequest& request, sdk::ImportResponse& response) override;
  sdk::IdentitySchema GetIdentitySchema() const override;
  sdk::Value IdentityOf(const sdk::Value& state) const override;
  void ModifyPlan(const sdk::ModifyPlanRequest& request, sdk::ModifyPlanResponse& response) override;
  void Validate(const sdk::ValidateRequest& request, sdk::Diagnostics& diagnostics) override;

 private:
  struct Written;  // what a Create or an Update came to

  v1::ApplyRequest NewRequest(const std::string& workspace) const;
  // False, with diagnostics, where the configuration cannot be an object.
  bool FillObject(const sdk::Value& plan, const sdk::Value& config, v1::DesiredObject* object, bool* has_unknown,
                  sdk::Diagnostics& diagnostics) const;
  bool IsConfigured(sdk::Diagnostics& diagnostics) const;

  sdk::Value PlannedLabels(const sdk::Value& plan) const;
  bool PlanUpdate(const sdk::ModifyPlanRequest& request, sdk::ModifyPlanResponse& response) const;
  void PlanStatus(const sdk::ModifyPlanRequest& request, sdk::ModifyPlanResponse& response) const;
  void Preview(const v1::ApplyRequest& dry_run, const sdk::ModifyPlanRequest& request,
               sdk::ModifyPlanResponse& response) const;
  // `name`: of the object that is planned. Another object's error is no error of its plan: in the same apply that other
  // one may change, too, or go.
  void PreviewInto(const v1::ApplyResponse& preview, const std::string& name, bool destroy,
                   sdk::ModifyPlanResponse& response) const;
  void PlanCreate(const sdk::ModifyPlanRequest& request, sdk::ModifyPlanResponse& response) const;
  void NoticeExisting(const v1::ObjectView& found, const sdk::ModifyPlanRequest& request,
                      sdk::ModifyPlanResponse& response) const;
  void LookForExisting(const std::string& workspace, const sdk::ModifyPlanRequest& request,
                       sdk::ModifyPlanResponse& response) const;

  Written Write(const sdk::Value& plan, const sdk::Value& config, const sdk::CancellationToken& cancellation,
                sdk::Diagnostics& diagnostics) const;
  Written FindAfterLostAnswer(const v1::ApplyRequest& request, const Error& lost,
                              const sdk::CancellationToken& cancellation, sdk::Diagnostics& diagnostics) const;
  bool IsAsWanted(const v1::DesiredObject& wanted, const v1::StoredObject& found) const;
  sdk::Value Resolve(const sdk::Value& plan, const v1::ObjectView* view) const;
  sdk::Value ToState(const v1::ObjectView& view, const sdk::Value& prior) const;
  std::string Title(std::string_view name) const { return kind_.name() + "/" + std::string(name); }

  const kinds::Kind& kind_;
  const Session& session_;
};

}  // namespace podwright::provider
