// Nodes into messages, by the schema. For the files of kinds/ only.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "kinds/diagnostic.h"
#include "kinds/node.h"

namespace google::protobuf {
class Message;
}

namespace podwright::kinds {

class Schema;
struct Field;

enum class Syntax { kYaml, kJson };

class Binder {
 public:
  Binder(Syntax syntax, std::string file, Diagnostics* out) : syntax_(syntax), file_(std::move(file)), out_(*out) {}

  // `node` is a map; every error is reported, and what could be read is in the message.
  void Bind(const Schema& schema, const Node& node, google::protobuf::Message* message, const Path& path);

  // The place of a path, or of what holds it.
  Location Locate(const Path& path) const;
  void Remember(const Path& path, Place place) { places_[path.ToString()] = place; }
  void Error(Place place, const Path& path, std::string message, std::string suggestion = {});

 private:
  // Nobody reads more errors of one document, and hostile text could make a hundred thousand of them.
  static constexpr int kMostErrors = 200;
  bool too_many() const { return errors_ > kMostErrors; }
  void BindField(const Field& field, const Node& node, google::protobuf::Message* message, const Path& path);
  void BindList(const Field& field, const Node& node, google::protobuf::Message* message, const Path& path);
  void BindMap(const Field& field, const Node& node, google::protobuf::Message* message, const Path& path);
  bool CheckScalarNode(const Field& field, const Node& node, const Path& path);

  Syntax syntax_;
  std::string file_;
  Diagnostics& out_;
  std::map<std::string, Place> places_;
  int errors_ = 0;
};

// "a list", "text", …: what a node is, for people.
std::string Describe(const Node& node);

}  // namespace podwright::kinds
