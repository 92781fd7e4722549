#include "control/cluster/cluster_transaction.h"

#include "tests/unit/control/cluster/cluster_yaml.h"

namespace heddle {
namespace {
ResourceKey key_of(std::string_view name) { return ResourceKey::make(Kind::kService, "shop", name).value(); }

ClusterResource service(std::string_view name, int port = 80) {
  ClusterResource out;
  out.envelope.key = key_of(name);
  out.envelope.document = JsonValue::object().with({"port"}, JsonValue::integer(port));
  return out;
}
Translation of(std::vector<ClusterResource> resources) { return {std::move(resources), {}}; }

std::vector<std::string> puts(const ClusterChange& change) {
  std::vector<std::string> out;
  for (const ClusterResource& one : change.puts) out.push_back(one.envelope.key.name);
  return out;
}
using Names = std::vector<std::string>;

TEST(ClusterTransaction, PutsWhatIsNewAndErasesWhatNobodySays) {
  ClusterTransaction transaction;
  ClusterChange first = transaction.next(of({service("a"), service("b")}), {key_of("old")});
  EXPECT_EQ(puts(first), (Names{"a", "b"}));
  EXPECT_EQ(first.erases, std::vector<ResourceKey>{key_of("old")});
}

TEST(ClusterTransaction, WhatIsSaidAgainIsNoChange) {
  ClusterTransaction transaction;
  transaction.on_committed(transaction.next(of({service("a"), service("b")}), {}));

  EXPECT_TRUE(transaction.next(of({service("a"), service("b")}), {key_of("a"), key_of("b")}).is_empty());
  EXPECT_EQ(puts(transaction.next(of({service("a", 81), service("b")}), {key_of("a"), key_of("b")})), Names{"a"});
}

TEST(ClusterTransaction, WhatWasNotWrittenIsSaidAgain) {
  ClusterTransaction transaction;
  (void)transaction.next(of({service("a")}), {});
  EXPECT_EQ(puts(transaction.next(of({service("a")}), {})), Names{"a"}) << "the commit failed";
}

TEST(ClusterTransaction, WhatIsNotInTheStoreIsPutThoughItWasWritten) {
  ClusterTransaction transaction;
  transaction.on_committed(transaction.next(of({service("a")}), {}));
  EXPECT_EQ(puts(transaction.next(of({service("a")}), {})), Names{"a"});
}
}  // namespace
}  // namespace heddle
