#include "reconciler/planner/merge.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "reconciler/planner/graph.h"
#include "reconciler/planner/merkle.h"
#include "reconciler/planner/planner.h"

namespace podwright::planner {

namespace {

constexpr std::size_t kNamedInCycle = 8;

// Works on numbers: slices by their place, actions counted through all slices.
class Merger {
 public:
  explicit Merger(const std::vector<const PlannedSlice*>& slices)
      : slices_(slices), errors_(slices.size()), bad_(slices.size()) {}

  void Run() {
    Number();
    LinkObjects();
    LinkServerEnds();
    const Graph graph(slice_of_.size(), edges_);
    order_ = graph.Order();
    if (order_.size() < slice_of_.size()) RefuseCycles(graph);
    RefuseDependants();
    std::erase_if(order_, [this](Node action) { return bad_[slice_of_[action]]; });
  }

  // Into the slice's message: the error, or the dependencies on other slices.
  void Finish(Node slice, v1::Slice& message) {
    if (bad_[slice]) {
      message.clear_actions();
      if (message.error().empty()) message.set_error(errors_[slice]);
      return;
    }
    for (; next_cross_ < cross_.size() && slice_of_[cross_[next_cross_].second] <= slice; ++next_cross_) {
      const auto& [from, to] = cross_[next_cross_];
      if (slice_of_[to] < slice) continue;
      message.mutable_actions(static_cast<int>(to - first_[slice]))->add_depends_on(ids_[from]);
    }
  }

  void FinishOrder(v1::Plan& plan) const {
    plan.mutable_order()->Reserve(static_cast<int>(order_.size()));
    for (const Node action : order_) plan.add_order(ids_[action]);
  }

 private:
  void Number() {
    first_.reserve(slices_.size());
    for (Node slice = 0; slice < slices_.size(); ++slice) {
      const PlannedSlice& planned = *slices_[slice];
      places_.Insert(&planned.key, slice);
      first_.push_back(static_cast<Node>(slice_of_.size()));
      slice_of_.insert(slice_of_.end(), static_cast<std::size_t>(planned.message.actions_size()), slice);
      for (const v1::Action& action : planned.message.actions()) ids_.push_back(action.id());
      for (const Node last : planned.last) last_.push_back(first_[slice] + last);
      last_end_.push_back(static_cast<Node>(last_.size()));
      if (!planned.message.error().empty()) bad_[slice] = true;
      for (const auto& [from, to] : planned.inner) edges_.emplace_back(first_[slice] + from, first_[slice] + to);
    }
  }

  void Cross(Node from, Node to) {
    edges_.emplace_back(from, to);
    cross_.emplace_back(from, to);
  }

  void LinkObjects() {
    for (Node slice = 0; slice < slices_.size(); ++slice) {
      for (const auto& [action, key] : slices_[slice]->outer) {
        const Node* other = places_.Find(key);
        if (other == nullptr) continue;
        waits_.emplace_back(*other, slice);
        for (Node i = *other == 0 ? 0 : last_end_[*other - 1]; i < last_end_[*other]; ++i) {
          Cross(last_[i], first_[slice] + action);
        }
      }
    }
  }

  void LinkServerEnds() {
    std::unordered_map<std::string_view, std::vector<Node>> acting;
    for (const PlannedSlice* planned : slices_) {
      for (const std::string& server : planned->ends_servers) acting.try_emplace(server);
    }
    if (acting.empty()) return;
    for (Node slice = 0; slice < slices_.size(); ++slice) {
      for (int i = 0; i < slices_[slice]->message.actions_size(); ++i) {
        const auto it = acting.find(slices_[slice]->message.actions(i).server());
        if (it != acting.end()) it->second.push_back(first_[slice] + static_cast<Node>(i));
      }
    }
    for (Node slice = 0; slice < slices_.size(); ++slice) {
      for (const std::string& server : slices_[slice]->ends_servers) LinkServerEnd(slice, acting[server]);
    }
    // Finish walks them by the action that waits.
    std::stable_sort(cross_.begin(), cross_.end(),
                     [](const Graph::Edge& a, const Graph::Edge& b) { return a.second < b.second; });
  }

  void LinkServerEnd(Node slice, const std::vector<Node>& acting) {
    for (const Node before : acting) {
      if (slice_of_[before] == slice) continue;
      waits_.emplace_back(slice_of_[before], slice);
      for (const Node action : slices_[slice]->first) Cross(before, first_[slice] + action);
    }
  }

  void RefuseCycles(const Graph& graph) {
    std::vector<bool> ordered(slice_of_.size());
    for (const Node action : order_) ordered[action] = true;
    std::vector<Node> rest;
    for (Node action = 0; action < ordered.size(); ++action) {
      if (!ordered[action]) rest.push_back(action);
    }
    for (const std::vector<Node>& cycle : graph.Cycles(rest)) {
      std::vector<Node> members;
      for (const Node action : cycle) members.push_back(slice_of_[action]);
      members.erase(std::unique(members.begin(), members.end()), members.end());
      const std::string error = CycleText(members);
      for (const Node member : members) {
        bad_[member] = true;
        errors_[member] = error;
      }
    }
  }

  // A shortest way from the first member back to it.
  std::string CycleText(const std::vector<Node>& members) const {
    std::unordered_map<Node, std::vector<Node>> needs;
    for (const Node member : members) needs.try_emplace(member);
    for (const auto& [from, to] : waits_) {
      if (needs.contains(from) && needs.contains(to)) needs[to].push_back(from);
    }
    const Node start = members.front();
    std::unordered_map<Node, Node> came_from;
    std::deque<Node> open{start};
    while (!open.empty() && !came_from.contains(start)) {
      const Node node = open.front();
      open.pop_front();
      for (const Node need : needs[node]) {
        if (came_from.try_emplace(need, node).second) open.push_back(need);
      }
    }
    std::vector<Node> way{start};
    for (Node node = came_from.at(start); node != start; node = came_from.at(node)) way.push_back(node);
    way.push_back(start);
    std::reverse(way.begin(), way.end());
    std::string text = "objects wait for each other in a circle: ";
    for (std::size_t i = 0; i < way.size(); ++i) {
      if (i >= kNamedInCycle && i + 1 < way.size()) continue;
      if (i > 0) text += way.size() > kNamedInCycle + 1 && i + 1 == way.size() ? " → … → " : " → ";
      text += slices_[way[i]]->key.Text();
    }
    return text;
  }

  void RefuseDependants() {
    std::vector<Node> refused;
    for (Node slice = 0; slice < slices_.size(); ++slice) {
      if (bad_[slice]) refused.push_back(slice);
    }
    if (refused.empty()) return;
    const std::vector<bool> reached = Graph(slices_.size(), waits_).Reach(refused);
    std::vector<Node> blamed(slices_.size());
    std::vector<bool> has_blamed(slices_.size());
    for (const auto& [from, to] : waits_) {
      if (!reached[from] || bad_[to]) continue;
      if (!has_blamed[to] || from < blamed[to]) blamed[to] = from;
      has_blamed[to] = true;
    }
    for (Node slice = 0; slice < slices_.size(); ++slice) {
      if (!has_blamed[slice]) continue;
      errors_[slice] = "waits for " + slices_[blamed[slice]]->key.Text() + ", which cannot be planned";
    }
    bad_ = reached;
  }

  const std::vector<const PlannedSlice*>& slices_;
  KeyIndex<Node> places_;
  std::vector<Node> first_;     // by slice: the number of its first action
  std::vector<Node> slice_of_;  // by action
  // Copies side by side: the messages are all over the memory.
  std::vector<std::string> ids_;    // by action
  std::vector<Node> last_;          // of all slices, the actions that nothing of their slice waits for
  std::vector<Node> last_end_;      // by slice: where its end in last_
  std::vector<Graph::Edge> edges_;  // between actions
  std::vector<Graph::Edge> cross_;  // those between slices, by the action that waits
  std::vector<Graph::Edge> waits_;  // between slices
  std::vector<std::string> errors_;
  std::vector<bool> bad_;
  std::vector<Node> order_;
  std::size_t next_cross_ = 0;
};

// `put(i, slice)` fills a plan's slice from the i-th.
template <typename Put>
v1::Plan Merge(const std::vector<const PlannedSlice*>& slices, Put put) {
  Merger merger(slices);
  merger.Run();
  v1::Plan plan;
  plan.set_format_version(kPlanFormatVersion);
  MerkleTree tree;
  plan.mutable_slices()->Reserve(static_cast<int>(slices.size()));
  for (Node i = 0; i < slices.size(); ++i) {
    if (slices[i]->Counts()) tree.Set(slices[i]->key, slices[i]->message.digest());
    v1::Slice& slice = *plan.add_slices();
    put(i, slice);
    merger.Finish(i, slice);
  }
  merger.FinishOrder(plan);
  tree.Refresh();
  plan.set_digest(std::string(tree.Root().View()));
  return plan;
}

}  // namespace

v1::Plan MergeCopying(const std::vector<const PlannedSlice*>& slices) {
  return Merge(slices, [&](Node i, v1::Slice& slice) { slice = slices[i]->message; });
}

v1::Plan MergeTaking(std::vector<PlannedSlice> slices) {
  std::vector<const PlannedSlice*> pointers;
  pointers.reserve(slices.size());
  for (const PlannedSlice& slice : slices) pointers.push_back(&slice);
  // Swapping moves no action, so the merger may go on looking at them.
  return Merge(pointers, [&](Node i, v1::Slice& slice) { slice.Swap(&slices[i].message); });
}

}  // namespace podwright::planner
