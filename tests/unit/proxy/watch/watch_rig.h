// WatchRig: a WatchClient on a manual clock, a control plane that says what the test lets it say, and a worker that
// applies in a turn of its own. Base of the fixtures of this folder.
#pragma once
#include <gtest/gtest.h>

#include "lib/base/bytes.h"
#include "proxy/watch/watch_client.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/seeded_random.h"

namespace heddle::watch_test {
inline constexpr std::string_view kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// A control plane that says what the test lets it say and writes down what it hears.
class ScriptedChannel final : public WatchChannel {
 public:
  struct Stream final : WatchStream {
    explicit Stream(ScriptedChannel& o) : owner(o) {}
    ~Stream() override { owner.observer = owner.stream == this ? nullptr : owner.observer; }
    void send(std::string_view line) override { owner.heard.push_back(*decode_sidecar_message(line)); }
    ScriptedChannel& owner;
  };
  size_t addresses() const override { return 2; }
  std::string name(size_t address) const override { return "control-" + std::to_string(address); }
  [[nodiscard]] std::unique_ptr<WatchStream> open(size_t address, Observer& o) override {
    dialled.push_back(address);
    observer = &o;
    auto made = std::make_unique<Stream>(*this);
    stream = made.get();
    return made;
  }

  void say(const ControlMessage& message) {
    std::string line = encode(message);
    line.pop_back();
    ASSERT_NE(observer, nullptr);
    observer->on_line(line);
  }
  template <class Message>
  std::vector<Message> heard_of() const {
    std::vector<Message> out;
    for (const SidecarMessage& message : heard) {
      if (auto* found = std::get_if<Message>(&message)) out.push_back(*found);
    }
    return out;
  }
  Observer* observer = nullptr;
  Stream* stream = nullptr;
  std::vector<size_t> dialled;
  std::vector<SidecarMessage> heard;
};

// Applies in a turn of its own; the "disk" is a string.
class LocalWorker final : public WatchWorker {
 public:
  explicit LocalWorker(Scheduler& scheduler) : scheduler_(scheduler) {}
  [[nodiscard]] Pending apply(WatchBatch batch, OnApplied done) override {
    return later([this, batch = std::move(batch), done = std::move(done)]() mutable { done(applier_.apply(batch)); });
  }
  [[nodiscard]] Pending restore(OnRestored done) override {
    return later([this, done = std::move(done)]() mutable {
      if (disk.empty()) return done(make_error(Reason::kNotFound, "empty"));
      done(applier_.restore(disk));
    });
  }
  [[nodiscard]] Pending store(std::vector<ResourceKey> wants, OnStored done) override {
    ++stores;
    return later([this, wants = std::move(wants), done = std::move(done)]() mutable {
      disk = applier_.last_good_text(wants);
      done({});
    });
  }
  std::string disk;
  int stores = 0;

 private:
  struct Job final : Operation {
    std::unique_ptr<Timer> timer;
  };
  Pending later(Task task) {
    auto job = std::make_unique<Job>();
    job->timer = scheduler_.timer(std::move(task));
    job->timer->arm(Duration{});
    return job;
  }
  Scheduler& scheduler_;
  BatchApplier applier_;
};

inline ResourceKey service(const std::string& name) { return *ResourceKey::make(Kind::kService, "default", name); }
inline Version v(uint64_t sequence, uint64_t epoch = 1) { return {epoch, sequence}; }

inline Resource with_nonsense(Resource resource) {
  resource.json.insert(resource.json.find("\"spec\":{") + 8, "\"nonsense\":1,");
  return resource;
}

inline std::string hash_of(const std::vector<Resource>& resources) {
  ContentHasher hasher;
  for (const Resource& resource : resources) hasher.put(resource);
  return to_hex(hasher.value());
}

class WatchRig : public testing::Test {
 protected:
  void run() { scheduler_.advance(1ms); }
  void connect() {
    client_.start();
    run();
    open();
  }
  void open() {
    channel_.observer->on_open();
    run();
  }
  void batch(BatchKind kind, Version to, const std::vector<Resource>& puts, std::string hash) {
    std::optional<Version> from = kind == BatchKind::kDelta ? std::optional(v(1)) : std::nullopt;
    channel_.say(WatchBegin{kind, from, to});
    for (const Resource& put : puts) {
      if (channel_.observer != nullptr) channel_.say(WatchPut{put.key, put.json});
    }
    if (channel_.observer != nullptr) channel_.say(WatchEnd{to, std::move(hash)});
    run();
  }
  void snapshot(Version to, const std::vector<Resource>& resources) {
    batch(BatchKind::kSnapshot, to, resources, hash_of(resources));
  }
  void heartbeat(Version newest) { channel_.say(WatchHeartbeat{newest, WallTime(1000s), std::nullopt}); }
  Version running() { return client_.snapshots().current()->version(); }
  WatchHello last_hello() { return channel_.heard_of<WatchHello>().back(); }

  ManualScheduler scheduler_;
  SeededRandom random_;
  ScriptedChannel channel_;
  LocalWorker worker_{scheduler_};
  WatchClient client_{scheduler_, random_, Logger{}, {channel_, worker_}, {"node-1", "0.1.0", {service("a")}}};
  std::vector<Resource> a_ = resources_of(service_yaml("a"));
  std::vector<Resource> b_ = resources_of(service_yaml("b"));
  std::vector<Resource> ab_ = resources_of(service_yaml("a") + "---\n" + service_yaml("b"));
};
}  // namespace heddle::watch_test
