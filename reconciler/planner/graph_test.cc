#include "reconciler/planner/graph.h"

#include <gtest/gtest.h>

namespace podwright::planner {
namespace {

using Nodes = std::vector<Node>;

TEST(Graph, OrdersByTheLongestWayThenByNumber) {
  const Graph graph(5, {{4, 0}, {0, 1}, {4, 1}, {3, 2}});
  EXPECT_EQ(graph.Order(), (Nodes{3, 4, 0, 2, 1}));
}

TEST(Graph, LeavesCyclesAndWhatIsAfterThemOut) {
  const Graph graph(4, {{0, 1}, {1, 0}, {1, 2}});
  EXPECT_EQ(graph.Order(), (Nodes{3}));
}

TEST(Graph, FindsEachCycleOnceWithoutWhatLiesBetween) {
  const Graph graph(6, {{0, 1}, {1, 0}, {1, 2}, {2, 3}, {3, 4}, {4, 3}, {5, 5}});
  EXPECT_EQ(graph.Cycles({0, 1, 2, 3, 4, 5}), (std::vector<Nodes>{{0, 1}, {3, 4}, {5}}));
}

TEST(Graph, AChainDeeperThanAStackIsOrdered) {
  constexpr Node kDepth = 300'000;
  std::vector<Graph::Edge> edges;
  for (Node i = 0; i + 1 < kDepth; ++i) edges.emplace_back(i + 1, i);
  EXPECT_EQ(Graph(kDepth, edges).Order().front(), kDepth - 1);
  edges.emplace_back(0, kDepth - 1);
  const Graph ring(kDepth, edges);
  EXPECT_TRUE(ring.Order().empty());
  EXPECT_EQ(ring.Cycles({0}).front().size(), kDepth);
}

TEST(Graph, ReachesEverythingThatWaits) {
  const Graph graph(4, {{0, 1}, {1, 2}});
  EXPECT_EQ(graph.Reach({1}), (std::vector<bool>{false, true, true, false}));
}

}  // namespace
}  // namespace podwright::planner
