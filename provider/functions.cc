#include "provider/functions.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "kinds/validate.h"
#include "provider/object_values.h"

namespace podwright::provider {

namespace {

using sdk::Type;
using sdk::Value;

// A number of the whole text.
std::optional<int> Digits(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

class ParseId final : public sdk::Function {
 public:
  std::string Name() const override { return "parse_id"; }
  sdk::FunctionSignature GetSignature() const override {
    sdk::FunctionSignature signature;
    signature.parameters = {
        {.name = "id", .type = Type::String(), .description = "`workspace/name`, or a name alone."}};
    signature.return_type = Type::Object({{"workspace", Type::String()}, {"name", Type::String()}});
    signature.summary = "The workspace and the name in an object's id";
    signature.description =
        "Takes the `id` of any `podwright_…` resource apart. `workspace` is null where the id is a name alone.";
    return signature;
  }
  void Call(const sdk::CallRequest& request, sdk::CallResponse& response) const override {
    const std::string id = request.Argument(0).StringOr("");
    const auto [workspace, name] = SplitId(id, "");
    const bool has_workspace = id.find('/') != std::string::npos;
    if (!kinds::IsValidName(name) || (has_workspace && !kinds::IsValidName(workspace))) {
      response.SetArgumentError(0, "\"" + id + "\" is neither WORKSPACE/NAME nor NAME.");
      return;
    }
    response.result = Value::Object(
        {{"workspace", has_workspace ? Value::String(workspace) : Value::Null()}, {"name", Value::String(name)}});
  }
};

class FirewallRule final : public sdk::Function {
 public:
  std::string Name() const override { return "firewall_rule"; }
  sdk::FunctionSignature GetSignature() const override {
    sdk::FunctionSignature signature;
    signature.parameters = {{.name = "ports",
                             .type = Type::String(),
                             .description = "`80`, `53/udp`, `8000-8010/tcp`; tcp is the default."}};
    signature.variadic = {.name = "sources",
                          .type = Type::String(),
                          .description = "Networks or addresses that may come in; none: from anywhere."};
    signature.return_type = Type::Object({{"protocol", Type::String()},
                                          {"port", Type::Number()},
                                          {"port_end", Type::Number()},
                                          {"sources", Type::List(Type::String())}});
    signature.summary = "A firewall rule from its usual short form";
    signature.description =
        "One rule of `firewall.inbound` of a `podwright_server`. Addresses become networks, host bits are cut off, and "
        "the list is sorted without repetitions, so that the same rule always is the same value.";
    return signature;
  }
  void Call(const sdk::CallRequest& request, sdk::CallResponse& response) const override {
    const std::string text = request.Argument(0).StringOr("");
    const std::size_t slash = text.find('/');
    const std::string protocol = slash == std::string::npos ? "tcp" : text.substr(slash + 1);
    const std::string ports = text.substr(0, slash);
    const std::size_t dash = ports.find('-');
    const std::optional<int> first = Digits(ports.substr(0, dash));
    const std::optional<int> last = dash == std::string::npos ? first : Digits(ports.substr(dash + 1));
    const bool wrong =
        (protocol != "tcp" && protocol != "udp") || !first || !last || *first < 1 || *last < *first || *last > 65535;
    if (wrong) {
      response.SetArgumentError(0, "\"" + text + "\" is no port: write `80`, `53/udp` or `8000-8010/tcp`.");
      return;
    }
    std::vector<std::string> networks;
    for (std::size_t i = 1; i < request.arguments.size(); ++i) {
      Result<std::string> network = NormalNetwork(request.Argument(i).StringOr(""));
      if (!network.ok()) {
        response.SetArgumentError(static_cast<std::int64_t>(i), network.error().message());
        return;
      }
      networks.push_back(std::move(*network));
    }
    std::sort(networks.begin(), networks.end());
    networks.erase(std::unique(networks.begin(), networks.end()), networks.end());
    Value::Elements sources;
    for (std::string& network : networks) sources.push_back(Value::String(std::move(network)));
    response.result = Value::Object({{"protocol", Value::String(protocol)},
                                     {"port", Value::Int(*first)},
                                     {"port_end", *last == *first ? Value::Null() : Value::Int(*last)},
                                     {"sources", sources.empty() ? Value::Null() : Value::List(std::move(sources))}});
  }
};

bool IsUnitName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// The text of one setting; an error for what has none.
Result<std::string> UnitText(const Value& value) {
  std::string text;
  if (const std::string* plain = value.AsString()) {
    text = *plain;
  } else if (const auto flag = value.AsBool()) {
    text = *flag ? "true" : "false";
  } else if (const sdk::Number* number = value.AsNumber()) {
    text = number->text();
  } else {
    return InvalidArgument("a setting is a text, a number, a bool, or a list of them");
  }
  if (text.find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos) {
    return InvalidArgument("a setting has one line: give a list for several");
  }
  return text;
}

class SystemdUnit final : public sdk::Function {
 public:
  std::string Name() const override { return "systemd_unit"; }
  sdk::FunctionSignature GetSignature() const override {
    sdk::FunctionSignature signature;
    signature.parameters = {{.name = "sections",
                             .type = Type::Dynamic(),
                             .description = "Settings by section: `{ Service = { ExecStart = \"/usr/bin/app\" } }`. A "
                                            "list sets the same setting several times, null leaves it out."}};
    signature.return_type = Type::String();
    signature.summary = "The text of a systemd unit file";
    signature.description =
        "For `files` of a `podwright_server`. `[Unit]` comes first, `[Install]` last, everything else by its name, so "
        "that the same sections always give the same text; a line break inside a setting is an error.";
    return signature;
  }
  void Call(const sdk::CallRequest& request, sdk::CallResponse& response) const override {
    const Value& argument = request.Argument(0);
    const Value& sections = argument.kind() == Value::Kind::kDynamic ? argument.dynamic_value() : argument;
    if (sections.kind() != Value::Kind::kObject && sections.kind() != Value::Kind::kMap) {
      response.SetArgumentError(0, "Sections are an object: { Unit = { … }, Service = { … } }.");
      return;
    }
    std::vector<std::string> names;
    for (const auto& [name, settings] : sections.fields()) {
      if (!settings.is_null()) names.push_back(name);
    }
    const auto rank = [](const std::string& name) { return name == "Unit" ? 0 : name == "Install" ? 2 : 1; };
    std::stable_sort(names.begin(), names.end(),
                     [&](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
    std::string text;
    for (const std::string& name : names) {
      const Status added = AddSection(name, sections.Get(name), text);
      if (!added.ok()) {
        response.SetArgumentError(0, name + ": " + added.error().message() + ".");
        return;
      }
    }
    response.result = Value::String(std::move(text));
  }

 private:
  static Status AddSection(const std::string& name, const Value& settings, std::string& text) {
    if (!IsUnitName(name)) return InvalidArgument("a section's name has letters, digits and hyphens");
    if (settings.kind() != Value::Kind::kObject && settings.kind() != Value::Kind::kMap) {
      return InvalidArgument("a section is an object of settings");
    }
    text += (text.empty() ? "[" : "\n[") + name + "]\n";
    for (const auto& [key, value] : settings.fields()) {
      if (!IsUnitName(key)) return InvalidArgument("\"" + key + "\" is no name of a setting");
      const auto kind = value.kind();
      if (kind == Value::Kind::kList || kind == Value::Kind::kTuple || kind == Value::Kind::kSet) {
        for (const Value& element : value.elements()) {
          PW_ASSIGN(const std::string line, UnitText(element));
          text += key + "=" + line + "\n";
        }
      } else if (!value.is_null()) {
        PW_ASSIGN(const std::string line, UnitText(value));
        text += key + "=" + line + "\n";
      }
    }
    return Ok();
  }
};

}  // namespace

Result<std::string> NormalNetwork(std::string_view text) {
  const Error wrong = InvalidArgument("\"" + std::string(text.substr(0, 100)) + "\" is no network: write 10.0.0.0/8, " +
                                      "10.1.2.3 or 2001:db8::/32");
  const std::size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  const int family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  const int bits = family == AF_INET ? 32 : 128;
  std::array<unsigned char, 16> bytes{};
  if (address.find('\0') != std::string::npos || inet_pton(family, address.c_str(), bytes.data()) != 1) return wrong;
  const std::optional<int> length = slash == std::string_view::npos ? bits : Digits(text.substr(slash + 1));
  if (!length || *length > bits) return wrong;
  for (int bit = *length; bit < bits; ++bit) {
    unsigned char& byte = bytes[static_cast<std::size_t>(bit / 8)];
    byte = static_cast<unsigned char>(byte & ~(0x80U >> (bit % 8)));
  }
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (inet_ntop(family, bytes.data(), buffer.data(), buffer.size()) == nullptr) return wrong;
  return std::string(buffer.data()) + "/" + std::to_string(*length);
}

std::vector<std::unique_ptr<sdk::Function>> Functions() {
  std::vector<std::unique_ptr<sdk::Function>> functions;
  functions.push_back(std::make_unique<ParseId>());
  functions.push_back(std::make_unique<FirewallRule>());
  functions.push_back(std::make_unique<SystemdUnit>());
  return functions;
}

}  // namespace podwright::provider
