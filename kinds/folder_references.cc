#include "kinds/folder_references.h"

#include "kinds/loader.h"
#include "kinds/names.h"

namespace podwright::kinds {
namespace {

constexpr int kMostCycles = 20;  // a dense tangle has more of them than anybody reads
constexpr int kMostNamedInCycle = 20;

std::string Text(const std::pair<std::string, std::string>& id) {
  return id.first + "/" + id.second;
}

}  // namespace

Location FolderReferences::Declare(const std::string& kind, const std::string& name, const Location& location) {
  const auto [first, fresh] = declared_.emplace(Id(kind, name), location);
  return fresh ? Location() : first->second;
}

void FolderReferences::Add(const std::string& kind, const std::string& name, Reference reference,
                           const Location& place) {
  edges_[Id(kind, name)].push_back(
      {{std::move(reference.kind), std::move(reference.name)}, std::move(reference.path), place});
}

void FolderReferences::Check(const LoadOptions& options, Diagnostics* out) const {
  if (!options.allow_dangling) CheckDangling(options, out);
  CheckCycles(out);
}

void FolderReferences::CheckDangling(const LoadOptions& options, Diagnostics* out) const {
  std::map<std::string, std::vector<std::string>> names;  // made when the first is missed
  const auto names_of = [&](const std::string& kind) -> const std::vector<std::string>& {
    if (names.empty()) {
      for (const auto& [id, place] : declared_) names[id.first].push_back(id.second);
      for (const auto& [known_kind, name] : options.known) names[known_kind].push_back(name);
    }
    return names[kind];
  };
  for (const auto& [from, edges] : edges_) {
    for (const Edge& edge : edges) {
      if (declared_.contains(edge.to) || options.known.contains(edge.to)) continue;
      const std::string near = Nearest(edge.to.second, names_of(edge.to.first));
      out->Add({Severity::kError, "there is no " + Text(edge.to),
                near.empty() ? "declare it, or take the reference out" : "did you mean `" + near + "`?", edge.place,
                edge.path});
    }
  }
}

// Depth first with a stack of its own: a chain may be as long as the folder has documents.
void FolderReferences::CheckCycles(Diagnostics* out) const {
  enum class Colour { kNew, kOpen, kDone };
  struct Frame {
    Id id;
    std::size_t next = 0;
  };
  static const std::vector<Edge> kNone;
  const auto edges_of = [&](const Id& id) -> const std::vector<Edge>& {
    const auto found = edges_.find(id);
    return found == edges_.end() ? kNone : found->second;
  };
  std::map<Id, Colour> colours;
  int reported = 0;
  for (const auto& [start, ignored] : edges_) {
    if (colours[start] != Colour::kNew) continue;
    std::vector<Frame> stack{{start}};
    colours[start] = Colour::kOpen;
    while (!stack.empty()) {
      Frame& frame = stack.back();
      const std::vector<Edge>& edges = edges_of(frame.id);
      if (frame.next == edges.size()) {
        colours[frame.id] = Colour::kDone;
        stack.pop_back();
        continue;
      }
      const Edge& edge = edges[frame.next++];
      Colour& colour = colours[edge.to];
      if (colour == Colour::kNew) {
        colour = Colour::kOpen;
        stack.push_back({edge.to});
      } else if (colour == Colour::kOpen && reported++ < kMostCycles) {
        std::string cycle;
        int named = 0;
        bool inside = false;
        for (const Frame& open : stack) {
          inside = inside || open.id == edge.to;
          if (inside && named++ < kMostNamedInCycle) cycle += Text(open.id) + " → ";
        }
        if (named > kMostNamedInCycle) cycle += "… → ";
        out->Add({Severity::kError, "the references go round in a circle: " + cycle + Text(edge.to),
                  "take one of these references out", edge.place, edge.path});
      }
    }
  }
}

}  // namespace podwright::kinds
