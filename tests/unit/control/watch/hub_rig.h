// What the tests of the watch hub share: a sidecar with its connection, and a hub over a small store.
#pragma once
#include <deque>

#include "control/watch/watch_hub.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/watch_replica.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
inline ResourceKey service_key(std::string_view name) { return *ResourceKey::make(Kind::kService, "default", name); }

// A sidecar, its connection (a window of so many lines) and its side of the protocol.
class WatchingSidecar final : public SubscriberSink {
 public:
  explicit WatchingSidecar(std::string node, std::string instance = {})
      : node_(std::move(node)), instance_(std::move(instance)) {}
  Flow send_line(std::string_view line) override {
    EXPECT_FALSE(closed_) << "a line after close: " << line;
    EXPECT_LT(lines_.size(), window_) << "a line although the sink is full";
    lines_.emplace_back(line);
    full_ = lines_.size() >= window_;
    return full_ ? Flow::kFull : Flow::kOpen;
  }
  void close(const Error& error) override { closed_ = error; }

  void connect(WatchHub& hub) {
    closed_.reset();
    lines_.clear();
    full_ = false;
    replica_.disconnect();
    subscriber_ = hub.add(*this, {*SpiffeId::parse("spiffe://cluster.local/ns/default/sa/web"), grant_, "", serial_});
  }
  void hello(WatchHub& hub) {
    WatchHello hello = replica_.hello(node_, wants_);
    hello.features = features_;
    hello.instance = instance_;
    hub.on_message(*subscriber_, hello);
  }
  void start(WatchHub& hub) {
    connect(hub);
    hello(hub);
  }
  void stop(WatchHub& hub) {
    hub.remove(*subscriber_);
    subscriber_ = nullptr;
  }
  // Reads up to `count` lines; true: a batch waits for an answer.
  bool read(WatchHub& hub, size_t count = SIZE_MAX) {
    for (; count > 0 && !lines_.empty(); --count) {
      std::string line = std::move(lines_.front());
      lines_.pop_front();
      replica_.receive(line);
      if (!lines_.empty() || !full_) continue;
      full_ = false;
      hub.on_writable(*subscriber_);
    }
    return replica_.is_waiting();
  }
  // Reads and acknowledges until nothing comes.
  void settle(WatchHub& hub) {
    while (read(hub)) hub.on_message(*subscriber_, replica_.ack());
  }

  std::string node_;
  std::string instance_;
  std::string serial_{};
  std::vector<ResourceKey> wants_;
  std::vector<std::string> features_;
  WatchGrant grant_ = WatchGrant::kWants;
  size_t window_ = SIZE_MAX;
  std::deque<std::string> lines_;
  bool full_ = false;
  std::optional<Error> closed_;
  WatchReplica replica_;
  Subscriber* subscriber_ = nullptr;
};

class WatchHubTest : public testing::Test {
 protected:
  WatchHubTest() {
    put(backend_set("a"));
    put(service("a"));
    put(backend_set("b"));
    put(service("b"));
    start_hub();
    hub_->set_synced();
    sidecar_.wants_ = {service_key("a")};
  }
  static WatchHub::Options in_small_slices() {
    WatchHub::Options options;
    options.pass_slice = 256;  // a pass over a thousand sidecars takes several turns
    return options;
  }
  void start_hub(WatchHub::Options options = in_small_slices()) {
    hub_ = std::make_unique<WatchHub>(*store_.store, registry_, scheduler_, random_, options);
  }
  void put(Envelope resource) { store_.put(std::move(resource)); }
  void flush() { scheduler_.advance(Debounce::Limits().quiet); }
  const NodeStatus& status() { return *registry_.find({"spiffe://cluster.local/ns/default/sa/web", sidecar_.node_}); }

  TestStore store_;
  ManualScheduler scheduler_;
  SeededRandom random_{9};
  NodeRegistry registry_;
  std::unique_ptr<WatchHub> hub_;
  WatchingSidecar sidecar_{"n1"};
};
}  // namespace heddle
