#include "control/translate/content_change.h"

#include "control/translate/scope_cache.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
class ContentChangeTest : public testing::Test {
 protected:
  ContentChangeTest() {
    for (const char* name : {"a", "b", "c"}) {
      store_.put(backend_set(name));
      store_.put(service(name));
    }
  }
  // What the operation changed.
  template <class Operation>
  std::optional<std::vector<std::string_view>> change_by(Operation&& operation) {
    View before = store_->view();
    operation();
    after_ = store_->view();
    return content_change(before, after_);
  }
  TestStore store_;
  View after_;  // the keys live in it
};

TEST_F(ContentChangeTest, AnEndpointThatChangesIsContent) {
  auto changed = change_by([this] { store_.put(backend_set("b", "9")); });

  ASSERT_TRUE(changed);
  EXPECT_EQ(*changed, std::vector<std::string_view>{"BackendSet/default/b"});
}

TEST_F(ContentChangeTest, SeveralCommitsAreOneChange) {
  auto changed = change_by([this] {
    store_.put(backend_set("c", "9"));
    store_.put(backend_set("a", "9"));
  });

  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->size(), 2U);
}

TEST_F(ContentChangeTest, WhatIsNewOrGoneMayChangeScopes) {
  EXPECT_FALSE(change_by([this] { store_.put(backend_set("d")); }));
  EXPECT_FALSE(change_by([this] { store_.erase(*ResourceKey::make(Kind::kBackendSet, "default", "d")); }));
}

TEST_F(ContentChangeTest, OneForAnotherIsNoContent) {
  store_.put(backend_set("x"));

  EXPECT_FALSE(change_by([this] {
    store_.erase(*ResourceKey::make(Kind::kBackendSet, "default", "x"));
    store_.put(backend_set("y"));
  }));
}

TEST_F(ContentChangeTest, AServiceThatChangesMayChangeScopes) {
  EXPECT_FALSE(change_by([this] { store_.put(service("a", R"(,"visibility":"namespace")")); }));
}

TEST_F(ContentChangeTest, AnotherHealthPolicyIsAReference) {
  EXPECT_FALSE(change_by([this] {
    store_.put(
        heddle_resource("BackendSet", "default", "a",
                        R"({"endpoints":[{"address":"127.0.0.1","port":8080}],"tls":"plaintext","healthPolicy":"h"})"));
  }));
}

TEST_F(ContentChangeTest, AnotherParentOfASubsetIsAReference) {
  auto subset_of = [this](const char* parent) {
    store_.put(heddle_resource("BackendSet", "default", "part",
                               str_cat(R"({"subsetOf":{"name":")", parent, R"(","labels":{"v":"2"}}})")));
  };
  subset_of("a");

  EXPECT_FALSE(change_by([&subset_of] { subset_of("b"); }));
}

TEST_F(ContentChangeTest, ManyAtOnceAreNotLookedAtOneByOne) {
  for (size_t i = 0; i <= kMaxContentChange; ++i) store_.put(backend_set("m" + std::to_string(i)));

  EXPECT_FALSE(change_by([this] {
    for (size_t i = 0; i <= kMaxContentChange; ++i) store_.put(backend_set("m" + std::to_string(i), "9"));
  }));
}

TEST_F(ContentChangeTest, NothingIsAChangeOfNothing) {
  auto changed = change_by([] {});

  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->empty());
}

// Whatever is applied: what the cache answers is what would be made anew.
class ScopeCacheModel : public testing::TestWithParam<uint64_t> {
 protected:
  static constexpr uint64_t kNames = 4;
  std::string name() { return "s" + std::to_string(random_.below(kNames)); }
  void step() {
    uint64_t choice = random_.below(8);
    std::string port = std::to_string(1 + random_.below(9));
    if (choice < 5) {
      store_.put(backend_set(name(), port));
    } else if (choice == 5) {
      store_.put(service(name(), random_.below(2) == 0 ? R"(,"visibility":"namespace")" : ""));
    } else if (choice == 6) {
      store_.put(heddle_resource("BackendSet", "default", name(),
                                 str_cat(R"({"endpoints":[{"address":"127.0.0.1","port":)", port,
                                         R"(}],"tls":"plaintext","healthPolicy":"h"})")));
    } else {
      (void)store_->commit({EraseOperation{*ResourceKey::make(Kind::kBackendSet, "default", name())}});
    }
  }
  void expect_fresh(ScopeCache& cache, uint64_t wants) {
    NodeRequest request{*SpiffeId::parse("spiffe://cluster.local/ns/default/sa/web")};
    for (uint64_t i = 0; i < kNames; ++i) {
      if ((wants >> i & 1) != 0) request.wants.insert({Kind::kService, "default", "s" + std::to_string(i)});
    }
    NodeView expected = node_view(ReferenceIndex(store_->view()), request);
    NodeView seen = cache.current(request);
    EXPECT_EQ(seen.set->hash, expected.set->hash);
    EXPECT_EQ(seen.version, expected.version);
    EXPECT_EQ(seen.unknown, expected.unknown);
  }
  SeededRandom random_{GetParam()};
  TestStore store_;
};

TEST_P(ScopeCacheModel, AnswersAsIfMadeAnew) {
  ScopeCache cache;
  for (int i = 0; i < 300; ++i) {
    for (uint64_t n = random_.below(3); n > 0; --n) step();
    cache.advance(store_->view());
    for (uint64_t wants = 0; wants < 16; ++wants) {
      if (random_.below(4) != 0) expect_fresh(cache, wants);  // not everybody asks at every version
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, ScopeCacheModel, testing::Range<uint64_t>(1, 6));

TEST_F(ContentChangeTest, AScopeThatHoldsNothingOfItIsKept) {
  ScopeCache cache;
  cache.advance(store_->view());
  NodeRequest request{*SpiffeId::parse("spiffe://cluster.local/ns/default/sa/web"),
                      WatchScope::kWants,
                      {*ResourceKey::make(Kind::kService, "default", "a")}};
  ScopeSet::Ptr before = cache.current(request).set;

  store_.put(backend_set("b", "9"));
  cache.advance(store_->view());
  EXPECT_EQ(cache.distinct(), 1U);
  EXPECT_EQ(cache.current(request).set, before);
  EXPECT_EQ(cache.current(request).version, store_->version());

  store_.put(backend_set("a", "9"));
  cache.advance(store_->view());
  EXPECT_EQ(cache.distinct(), 0U);
  EXPECT_NE(cache.current(request).set->hash, before->hash);
}

TEST_F(ContentChangeTest, WhatNobodyAsksForIsForgotten) {
  ScopeCache cache;
  cache.advance(store_->view());
  cache.current({*SpiffeId::parse("spiffe://cluster.local/ns/default/sa/web")});

  for (const char* port : {"1", "2"}) {
    store_.put(backend_set("b", port));
    cache.advance(store_->view());
  }

  EXPECT_EQ(cache.distinct(), 0U);
}
}  // namespace
}  // namespace heddle
