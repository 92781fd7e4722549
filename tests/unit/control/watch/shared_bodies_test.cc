// Sidecars with equal scopes are sent the very same bytes: serialized once, at one place in memory.
#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
// Takes one line at a time, and remembers where each lay.
class SlowConnection final : public SubscriberSink {
 public:
  Flow send_line(std::string_view line) override {
    places_.push_back(line.data());
    texts_.emplace_back(line);
    return Flow::kFull;
  }
  void close(const Error& error) override { ADD_FAILURE() << error.detail; }

  void start(WatchHub& hub, std::string node) {
    subscriber_ = hub.add(*this, {*SpiffeId::parse("spiffe://cluster.local/ns/default/sa/web"), WatchGrant::kWants});
    hub.on_message(*subscriber_, replica_.hello(std::move(node), {service_key("a")}));
  }
  void want(WatchHub& hub, std::string_view add, std::string_view drop) {
    hub.on_message(*subscriber_, WatchWant{{service_key(add)}, {service_key(drop)}});
  }
  // False: no line was waiting.
  bool take_next(WatchHub& hub) {
    size_t before = texts_.size();
    hub.on_writable(*subscriber_);
    return texts_.size() > before;
  }
  void acknowledge(WatchHub& hub) {
    for (const std::string& text : texts_) replica_.receive(text);
    ASSERT_TRUE(replica_.is_waiting());
    texts_.clear();
    places_.clear();
    hub.on_message(*subscriber_, replica_.ack());
  }
  // Of the lines between the first, which says from where, and the last.
  std::vector<const char*> body() const {
    return places_.size() < 2 ? std::vector<const char*>() : std::vector(places_.begin() + 1, places_.end() - 1);
  }
  const WatchReplica& replica() const { return replica_; }

 private:
  std::vector<const char*> places_;
  std::vector<std::string> texts_;
  WatchReplica replica_;
  Subscriber* subscriber_ = nullptr;
};

class SharedBodiesTest : public WatchHubTest {
 protected:
  // Both at once, line by line.
  void take_all() {
    for (bool is_any = true; is_any;) {
      is_any = one_.take_next(*hub_);
      is_any = other_.take_next(*hub_) || is_any;
    }
  }
  void begin() {
    one_.start(*hub_, "n1");
    other_.start(*hub_, "n2");
    take_all();
  }
  void acknowledge() {
    one_.acknowledge(*hub_);
    other_.acknowledge(*hub_);
  }
  const char* line_in_store(Kind kind, std::string_view name) {
    return store_->view().find(*ResourceKey::make(kind, "default", name))->line().data();
  }

  SlowConnection one_;
  SlowConnection other_;
};

TEST_F(SharedBodiesTest, EqualScopesAreSentTheVerySameBytes) {
  begin();

  std::vector<const char*> stored{line_in_store(Kind::kBackendSet, "a"), line_in_store(Kind::kService, "a")};
  EXPECT_EQ(one_.body(), stored) << "what the store keeps, serialized when it was stored";
  EXPECT_EQ(other_.body(), stored);
  acknowledge();
  EXPECT_EQ(one_.replica().content(), other_.replica().content());
}

TEST_F(SharedBodiesTest, EqualChangesAreSerializedOnceWithWhatTheyDelete) {
  begin();
  acknowledge();

  one_.want(*hub_, "b", "a");
  other_.want(*hub_, "b", "a");
  take_all();

  EXPECT_EQ(one_.body().size(), 4U) << "two are deleted, two are put";
  EXPECT_EQ(one_.body(), other_.body());
  acknowledge();
  EXPECT_EQ(one_.replica().content().count("Service/default/b"), 1U);
  EXPECT_EQ(one_.replica().content(), other_.replica().content());
}
}  // namespace
}  // namespace heddle
