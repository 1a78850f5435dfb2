// One function a command group: adds its commands to the root.
#pragma once

namespace CLI {
class App;
}

namespace podwright::cli {

class App;

void AddValidate(CLI::App& root, App& app);
void AddPlanAndApply(CLI::App& root, App& app);
void AddPreview(CLI::App& root, App& app);
void AddDiff(CLI::App& root, App& app);
void AddGet(CLI::App& root, App& app);  // get, describe
void AddWatch(CLI::App& root, App& app);
void AddDelete(CLI::App& root, App& app);
void AddExport(CLI::App& root, App& app);
void AddTransfer(CLI::App& root, App& app);
void AddSource(CLI::App& root, App& app);
void AddRun(CLI::App& root, App& app);
void AddApprove(CLI::App& root, App& app);  // approve, approvals
void AddPause(CLI::App& root, App& app);    // pause, resume
void AddEvents(CLI::App& root, App& app);
void AddAudit(CLI::App& root, App& app);
void AddToken(CLI::App& root, App& app);
void AddAgent(CLI::App& root, App& app);
void AddContext(CLI::App& root, App& app);
void AddLab(CLI::App& root, App& app);
void AddSecret(CLI::App& root, App& app);
void AddExplain(CLI::App& root, App& app);
void AddCompletion(CLI::App& root, App& app);
void AddVersion(CLI::App& root, App& app);

}  // namespace podwright::cli
