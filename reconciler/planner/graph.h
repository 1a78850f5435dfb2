// A directed graph over small numbers: levels and strongly connected components.
//
// An edge goes from what comes first to what waits for it. Deterministic; a value of one thread.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace podwright::planner {

using Node = std::uint32_t;

class Graph {
 public:
  using Edge = std::pair<Node, Node>;  // first, then second
  Graph(std::size_t nodes, const std::vector<Edge>& edges);

  std::size_t size() const { return start_.size() - 1; }

  // By levels (a node's level is the longest way to it), within a level by number: a topological
  // order. Nodes on a cycle, or after one, are left out.
  std::vector<Node> Order() const;

  // The sets of nodes that wait for each other, among `nodes`: each sorted, with at least one edge
  // inside, by their first node.
  std::vector<std::vector<Node>> Cycles(const std::vector<Node>& nodes) const;

  // Everything that waits for one of `from`, those included.
  std::vector<bool> Reach(const std::vector<Node>& from) const;

  const Node* begin(Node node) const { return next_.data() + start_[node]; }
  const Node* end(Node node) const { return next_.data() + start_[node + 1]; }

 private:
  std::vector<std::uint32_t> start_;  // by node: where its successors begin in next_
  std::vector<Node> next_;
};

}  // namespace podwright::planner
