#include "lib/routing/path_tree.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
// The candidates in the order they are offered.
struct Tree {
  explicit Tree(const std::vector<const PathMatch*>& paths) : tree(paths), order(tree.take_order()) {}
  PathTree tree;
  std::vector<uint32_t> order;
};
std::vector<uint32_t> offered(const Tree& tree, std::string_view path) {
  std::vector<uint32_t> out;
  tree.tree.find(path, [&](uint32_t place) {
    out.push_back(tree.order[place]);
    return false;
  });
  return out;
}
using Offers = std::vector<uint32_t>;

Tree tree_of(std::initializer_list<PathMatch> matches) {
  std::vector<const PathMatch*> paths;
  paths.reserve(matches.size());
  for (const PathMatch& match : matches) paths.push_back(&match);
  return Tree(paths);
}
PathMatch exact(std::string value) { return {PathMatchType::kExact, std::move(value)}; }
PathMatch prefix(std::string value) { return {PathMatchType::kPrefix, std::move(value)}; }

TEST(PathTree, APrefixEndsAtAPathElement) {
  Tree tree = tree_of({prefix("/abc")});

  EXPECT_EQ(offered(tree, "/abc"), Offers{0});
  EXPECT_EQ(offered(tree, "/abc/"), Offers{0});
  EXPECT_EQ(offered(tree, "/abc/def"), Offers{0});
  EXPECT_EQ(offered(tree, "/abcd"), Offers{});
  EXPECT_EQ(offered(tree, "/ab"), Offers{});
  EXPECT_EQ(offered(tree, "/"), Offers{});
}

TEST(PathTree, ASlashAtTheEndOfAPrefixMeansNothing) {
  Tree tree = tree_of({prefix("/abc/")});

  EXPECT_EQ(offered(tree, "/abc"), Offers{0});
  EXPECT_EQ(offered(tree, "/abc/x"), Offers{0});
}

TEST(PathTree, AnExactPathIsThatPath) {
  Tree tree = tree_of({exact("/a"), exact("/a/"), exact("/")});

  EXPECT_EQ(offered(tree, "/a"), Offers{0});
  EXPECT_EQ(offered(tree, "/a/"), Offers{1});
  EXPECT_EQ(offered(tree, "/"), Offers{2});
  EXPECT_EQ(offered(tree, "/a/b"), Offers{});
  EXPECT_EQ(offered(tree, "/A"), Offers{});
}

TEST(PathTree, OffersExactThenTheLongestPrefixFirst) {
  Tree tree = tree_of({prefix("/"), prefix("/a"), prefix("/a/b"), exact("/a/b"), prefix("/a/b/c")});

  EXPECT_EQ(offered(tree, "/a/b"), (Offers{3, 2, 1, 0}));
  EXPECT_EQ(offered(tree, "/a/b/"), (Offers{2, 1, 0}));
  EXPECT_EQ(offered(tree, "/x"), Offers{0});
}

TEST(PathTree, KeepsTheOrderAmongEqualPaths) {
  EXPECT_EQ(offered(tree_of({prefix("/a"), prefix("/a/"), prefix("/a")}), "/a"), (Offers{0, 1, 2}));
}

TEST(PathTree, StrangePathsMeetOnlyTheRootPrefix) {
  Tree tree = tree_of({prefix("/"), exact("/"), prefix("/a")});

  for (std::string_view path : {"*", "", "a", "//a", "//"}) EXPECT_EQ(offered(tree, path), Offers{0}) << path;
}

TEST(PathTree, StopsAtTheFirstAccepted) {
  Tree tree = tree_of({prefix("/"), prefix("/a")});
  int asked = 0;

  EXPECT_TRUE(tree.tree.find("/a", [&](uint32_t) { return ++asked == 1; }));
  EXPECT_EQ(asked, 1);
}

TEST(PathTree, FindsEachOfManySiblings) {
  std::vector<PathMatch> matches;
  for (uint32_t i = 0; i < 1000; ++i) matches.push_back(prefix("/api/item-" + std::to_string(i)));
  std::vector<const PathMatch*> paths;
  paths.reserve(matches.size());
  for (const PathMatch& match : matches) paths.push_back(&match);
  Tree tree(paths);

  for (uint32_t i = 0; i < 1000; ++i) EXPECT_EQ(offered(tree, matches[i].value + "/x"), Offers{i});
  EXPECT_EQ(offered(tree, "/api/item-1000"), Offers{});
}

TEST(PathTree, AVeryLongPathOfSlashesIsWalkedOnce) {
  Tree tree = tree_of({prefix("/"), exact("/")});

  EXPECT_EQ(offered(tree, std::string(64 * 1024, '/')), Offers{0});
}
}  // namespace
}  // namespace heddle
