#include "reconciler/planner/graph.h"

#include <algorithm>
#include <limits>

namespace podwright::planner {

Graph::Graph(std::size_t nodes, const std::vector<Edge>& edges) : start_(nodes + 1), next_(edges.size()) {
  for (const auto& [from, to] : edges) ++start_[from + 1];
  for (std::size_t i = 1; i < start_.size(); ++i) start_[i] += start_[i - 1];
  std::vector<std::uint32_t> place(start_.begin(), start_.end() - 1);
  for (const auto& [from, to] : edges) next_[place[from]++] = to;
}

std::vector<Node> Graph::Order() const {
  std::vector<std::uint32_t> waits(size());
  for (const Node to : next_) ++waits[to];
  std::vector<Node> order;
  order.reserve(size());
  for (Node node = 0; node < size(); ++node) {
    if (waits[node] == 0) order.push_back(node);
  }
  for (std::size_t level = 0; level < order.size();) {
    const std::size_t end = order.size();
    for (; level < end; ++level) {
      const Node node = order[level];
      for (const Node* to = begin(node); to != this->end(node); ++to) {
        if (--waits[*to] == 0) order.push_back(*to);
      }
    }
    std::sort(order.begin() + static_cast<std::ptrdiff_t>(end), order.end());
  }
  return order;
}

std::vector<bool> Graph::Reach(const std::vector<Node>& from) const {
  std::vector<bool> reached(size());
  std::vector<Node> open;
  for (const Node node : from) {
    if (!reached[node]) open.push_back(node);
    reached[node] = true;
  }
  while (!open.empty()) {
    const Node node = open.back();
    open.pop_back();
    for (const Node* to = begin(node); to != end(node); ++to) {
      if (reached[*to]) continue;
      reached[*to] = true;
      open.push_back(*to);
    }
  }
  return reached;
}

namespace {

// Tarjan's components, with a stack of our own: the graph may be deeper than the program's.
class ComponentFinder {
 public:
  explicit ComponentFinder(const Graph& graph)
      : graph_(graph), seen_(graph.size(), kUnseen), low_(graph.size()), open_(graph.size()) {}

  void From(Node root) {
    if (seen_[root] != kUnseen) return;
    Enter(root);
    while (!path_.empty()) {
      auto& [node, next] = path_.back();
      if (next != graph_.end(node)) {
        Look(node, *next++);
      } else {
        Leave(node);
      }
    }
  }

  std::vector<std::vector<Node>> Take() { return std::move(found_); }

 private:
  static constexpr std::uint32_t kUnseen = std::numeric_limits<std::uint32_t>::max();

  void Enter(Node node) {
    seen_[node] = low_[node] = count_++;
    open_[node] = true;
    stack_.push_back(node);
    path_.emplace_back(node, graph_.begin(node));
  }

  void Look(Node node, Node to) {
    if (seen_[to] == kUnseen) {
      Enter(to);
    } else if (open_[to]) {
      low_[node] = std::min(low_[node], seen_[to]);
    }
  }

  void Leave(Node node) {
    path_.pop_back();
    if (!path_.empty()) low_[path_.back().first] = std::min(low_[path_.back().first], low_[node]);
    if (low_[node] != seen_[node]) return;
    std::vector<Node> component;
    for (Node member = node + 1; member != node;) {
      member = stack_.back();
      stack_.pop_back();
      open_[member] = false;
      component.push_back(member);
      if (member == node) break;
    }
    const bool itself = std::find(graph_.begin(node), graph_.end(node), node) != graph_.end(node);
    if (component.size() == 1 && !itself) return;
    std::sort(component.begin(), component.end());
    found_.push_back(std::move(component));
  }

  const Graph& graph_;
  std::vector<std::uint32_t> seen_;
  std::vector<std::uint32_t> low_;
  std::vector<bool> open_;
  std::vector<Node> stack_;
  std::vector<std::pair<Node, const Node*>> path_;
  std::vector<std::vector<Node>> found_;
  std::uint32_t count_ = 0;
};

}  // namespace

std::vector<std::vector<Node>> Graph::Cycles(const std::vector<Node>& nodes) const {
  ComponentFinder finder(*this);
  for (const Node node : nodes) finder.From(node);
  std::vector<std::vector<Node>> cycles = finder.Take();
  std::sort(cycles.begin(), cycles.end());
  return cycles;
}

}  // namespace podwright::planner
