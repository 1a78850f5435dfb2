// The engine's files, its data folder and its unit.
#include <algorithm>

#include "agent/drivers/database/mysql/mysql_engine.h"
#include "core/crypto/self_signed.h"
#include "kinds/database/database_form.h"

namespace podwright::drivers::database::mysql {
namespace {

constexpr std::size_t kMaxFile = 1024 * 1024;
constexpr std::chrono::seconds kInitialiseLimit(300);
constexpr char kUser[] = "mysql";
constexpr char kGroup[] = "mysql";
constexpr char kDataParent[] = "/var/lib/mariadb";

std::string Field(const std::string& text, const std::string& name) {
  const std::string begin = name + ": ";
  std::size_t at = text.starts_with(begin) ? 0 : text.find("\n" + begin);
  if (at == std::string::npos) return "";
  at = text.find(begin, at) + begin.size();
  return text.substr(at, text.find('\n', at) - at);
}

std::string EscapeOption(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

Result<std::string> MysqlEngine::ReadText(const std::string& path) const {
  PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
  if (!stat) return std::string();
  return env_.host.files.Read(path, kMaxFile);
}

Result<std::optional<Mark>> MysqlEngine::ReadMark(const std::string& instance) const {
  PW_ASSIGN(const std::string text, ReadText(MarkPath(instance)));
  if (text.empty()) return std::optional<Mark>();
  return std::optional<Mark>(Mark{Field(text, "owner"), Field(text, "state"), Field(text, "adopted") == "yes"});
}

Status MysqlEngine::WriteMark(const std::string& instance, const Mark& mark) {
  return env_.host.files.Write(
      MarkPath(instance),
      "owner: " + mark.owner + "\nstate: " + mark.state + "\n" + (mark.adopted ? "adopted: yes\n" : ""),
      {0644, "root", "root"});
}

Result<std::optional<RoleFile>> MysqlEngine::ReadRole(const std::string& instance) const {
  PW_ASSIGN(const std::string text, ReadText(RolePath(instance)));
  return ParseRole(text);
}

Status MysqlEngine::WriteRole(const std::string& instance, const RoleFile& role) {
  return env_.host.files.Write(RolePath(instance), RoleText(role), {0644, "root", "root"});
}

Result<bool> MysqlEngine::HasData(const std::string& instance) const {
  PW_ASSIGN(const auto stat, env_.host.files.Stat(DataFolder(instance)));
  return stat.has_value();
}

Status MysqlEngine::WriteCredentials(const Setup& setup, const SecretString& password) {
  const std::string text = "# version: " + std::to_string(setup.kept.configuration().replication().version()) +
                           "\n[client]\nuser = " + kinds::kReplicationUser + "\npassword = \"" +
                           EscapeOption(password.Reveal()) + "\"\nssl\n";
  return env_.host.files.Write(CredentialsPath(setup.instance.name), text, {0600, "root", "root"});
}

Result<SecretString> MysqlEngine::ReadCredentials(const std::string& instance) const {
  PW_ASSIGN(const std::string text, ReadText(CredentialsPath(instance)));
  const std::string begin = "password = \"";
  const auto at = text.find(begin);
  const auto end = at == std::string::npos ? at : text.find("\"\n", at + begin.size());
  if (end == std::string::npos) {
    return FailedPrecondition("the members' own password is not in " + CredentialsPath(instance));
  }
  std::string value;
  for (std::size_t i = at + begin.size(); i < end; ++i) {
    if (text[i] == '\\' && i + 1 < end) ++i;
    value += text[i];
  }
  return SecretString(value);
}

// It encrypts; who talks to whom is told by the password.
Status MysqlEngine::EnsureKey(const std::string& instance) {
  PW_ASSIGN(const auto stat, env_.host.files.Stat(KeyPath(instance)));
  if (stat) return Ok();
  PW_ASSIGN(const auto key, crypto::PrivateKey::Generate(crypto::KeyType::kEcdsaP256));
  PW_ASSIGN(const auto certificate, crypto::SelfSigned(key, "mariadb " + instance, env_.clock.Now()));
  PW_ASSIGN(const std::string public_pem, certificate.Pem());
  PW_ASSIGN(const SecretString private_pem, key.Pem());
  return env_.host.files.Write(KeyPath(instance), std::string(private_pem.Reveal()) + public_pem,
                               {0640, "root", kGroup});
}

Status MysqlEngine::EnsureUnit() {
  PW_ASSIGN(const std::string present, ReadText(UnitPath()));
  if (present == UnitText()) return Ok();
  PW_TRY(env_.host.files.Write(UnitPath(), UnitText(), {0644, "root", "root"}));
  return env_.host.units.DaemonReload();
}

// Everything that stands before the data: who it belongs to, folders, files.
Status MysqlEngine::Prepare(const Setup& setup) {
  const std::string& instance = setup.instance.name;
  PW_ASSIGN(const auto users, env_.host.users.Find({kUser}));
  if (users.empty()) PW_TRY(env_.host.users.Add(kUser, {"/nonexistent", "/bin/false", {}, true}));
  PW_TRY(env_.host.files.MakeFolders(ConfigurationFolder()));
  PW_TRY(env_.host.files.EnsureFolder(ConfigurationFolder(), {0755, "root", "root"}));
  PW_TRY(env_.host.files.EnsureFolder(kDataParent, {0750, "root", kGroup}));
  PW_TRY(EnsureKey(instance));
  PW_TRY(EnsureUnit());
  return env_.host.files.Write(ConfigurationPath(instance), ConfigurationText(SettingsOf(setup)),
                               {0644, "root", "root"});
}

// "mariadbd  Ver 10.11.19-MariaDB-… for …"
Status MysqlEngine::CheckProgram(const std::string& version) {
  PW_ASSIGN(const ProcessResult result, env_.host.programs.Run(host::Program({"mariadbd", "--version"})));
  if (result.out.find("Ver " + version + ".") != std::string::npos) return Ok();
  const auto at = result.out.find("Ver ");
  const std::string there =
      at == std::string::npos ? "no version" : result.out.substr(at + 4, result.out.find(' ', at + 4) - at - 4);
  return FailedPrecondition("MariaDB " + version + " is declared, and what apt installed is " + there +
                            ": declare that version, or add an apt source that has the other one");
}

Result<std::optional<Mark>> MysqlEngine::OwnMark(const Setup& setup) {
  const std::string& instance = setup.instance.name;
  PW_ASSIGN(const auto mark, ReadMark(instance));
  PW_ASSIGN(const bool data, HasData(instance));
  if (!mark && data) {
    return FailedPrecondition(DataFolder(instance) + " is there and was not made by Podwright: move it away first");
  }
  if (mark && mark->owner != setup.instance.object) {
    return FailedPrecondition(DataFolder(instance) + " holds the data of database/" + mark->owner +
                              ": it is not touched; choose another `instance`");
  }
  return mark;
}

Status MysqlEngine::RunTool(std::vector<std::string> argv, std::chrono::seconds limit, const std::string& input) {
  const std::string name = argv.front();
  ProcessRequest request = host::Program(std::move(argv), limit);
  request.stdin_bytes = input;
  PW_ASSIGN(const ProcessResult result, env_.host.programs.Run(request));
  if (result.Succeeded()) return Ok();
  if (result.timed_out) return DeadlineExceeded(name + " did not end within " + std::to_string(limit.count()) + " s");
  std::string words = ServerWords(result.err);
  if (words.empty()) words = result.err.substr(result.err.size() > 400 ? result.err.size() - 400 : 0);
  return Error(ErrorCode::kInternal, name + ": " + words, Retry::kBackoff);
}

Status MysqlEngine::Wipe(const std::string& instance) {
  return RunTool({"rm", "-rf", "--one-file-system", "--", DataFolder(instance), DumpPath(instance)},
                 std::chrono::seconds(600));
}

Status MysqlEngine::Initialise(const std::string& instance) {
  PW_TRY(env_.host.files.EnsureFolder(DataFolder(instance), {0700, kUser, kGroup}));
  return RunTool(
      {"mariadb-install-db", "--no-defaults", std::string("--user=") + kUser, "--datadir=" + DataFolder(instance),
       "--auth-root-authentication-method=socket", "--auth-root-socket-user=root", "--skip-test-db"},
      kInitialiseLimit);
}

std::string MysqlEngine::JournalWords(const std::string& instance) const {
  const auto said = env_.host.programs.Run(
      host::Program({"journalctl", "--unit=" + UnitOf(instance), "--lines=60", "--output=cat", "--no-pager"}));
  if (!said.ok()) return "";
  std::string words;
  std::size_t from = 0;
  while (from < said->out.size()) {
    const auto end = std::min(said->out.find('\n', from), said->out.size());
    const std::string line = said->out.substr(from, end - from);
    from = end + 1;
    const auto at = line.find("[ERROR]");
    if (line.find("Starting MariaDB") != std::string::npos || line.find("starting as process") != std::string::npos) {
      words.clear();  // of an earlier start
    }
    if (at == std::string::npos || line.ends_with("Aborting")) continue;
    words += (words.empty() ? "" : "; ") + line.substr(at + 8);
  }
  return words.substr(0, 600);
}

Status MysqlEngine::StartUnit(const std::string& instance) {
  const std::string unit = UnitOf(instance);
  PW_ASSIGN(const auto states, env_.host.units.Show({unit}));
  const auto state = states.find(unit);
  if (state == states.end() || !state->second.Enabled()) PW_TRY(env_.host.units.SetEnabled(unit, true));
  if (state != states.end() && state->second.Active()) return Ok();
  const Status started = env_.host.units.Start(unit);
  if (started.ok()) return started;
  const std::string words = JournalWords(instance);
  if (words.empty()) return started;
  return Error(ErrorCode::kFailedPrecondition, unit + " does not start: " + words, Retry::kAfterChange);
}

Settings MysqlEngine::SettingsOf(const Setup& setup) {
  const DatabaseConfiguration& configuration = setup.kept.configuration();
  Settings settings;
  settings.database = setup.instance.object;
  settings.instance = setup.instance.name;
  settings.member = configuration.member();
  const auto own = configuration.members().find(configuration.member());
  if (own != configuration.members().end()) settings.address = own->second;
  settings.port = configuration.port();
  settings.parameters = {configuration.parameters().begin(), configuration.parameters().end()};
  settings.clients = {configuration.clients().begin(), configuration.clients().end()};
  return settings;
}

bool MysqlEngine::WantsSync(const DatabaseConfiguration& configuration) {
  return configuration.sync_mode() != "asynchronous" && configuration.sync_count() > 0 &&
         configuration.members_size() > 1;
}

}  // namespace podwright::drivers::database::mysql
