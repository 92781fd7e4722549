// A sidecar's side of the watch against any control plane. Input: lines. Those that begin with `!` move the scene:
//   !open  !close  !wait <ms, one byte's worth>  !want  !end (the honest end of the batch that began last)
// every other line is said by the control plane as it stands.
#include <set>

#include "lib/base/bytes.h"
#include "lib/base/strings.h"
#include "proxy/watch/watch_client.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/seeded_random.h"

namespace heddle::fuzz {
namespace {
class FuzzedChannel final : public WatchChannel {
 public:
  struct Stream final : WatchStream {
    explicit Stream(FuzzedChannel& c) : channel(c) {}
    ~Stream() override {
      if (channel.stream == this) channel.observer = nullptr;
    }
    void send(std::string_view line) override { channel.hear(line); }
    FuzzedChannel& channel;
  };
  size_t addresses() const override { return 2; }
  std::string name(size_t address) const override { return "control-" + std::to_string(address); }
  [[nodiscard]] std::unique_ptr<WatchStream> open(size_t, Observer& o) override {
    observer = &o;
    greeted = false;
    auto made = std::make_unique<Stream>(*this);
    stream = made.get();
    return made;
  }
  void hear(std::string_view line) {
    Result<SidecarMessage> message = decode_sidecar_message(line);
    expect(bool(message), "what a sidecar says is understood", line);
    if (!message) return;
    expect(greeted || std::holds_alternative<WatchHello>(*message), "a stream begins with hello", line);
    greeted = true;
    auto current = client->snapshots().current();
    if (auto* hello = std::get_if<WatchHello>(&*message)) starts_over = current != nullptr && !hello->version;
    auto* ack = std::get_if<WatchAck>(&*message);
    if (ack == nullptr) return;
    expect(current != nullptr && current->version() == ack->version, "what is acknowledged is what is published", line);
    expect(newest <= ack->version || starts_over, "no version goes back on a stream that did not ask for it", line);
    newest = ack->version;
  }
  Observer* observer = nullptr;
  Stream* stream = nullptr;
  WatchClient* client = nullptr;
  bool greeted = false;
  bool starts_over = false;  // its newest hello asks for everything although it holds something
  Version newest;            // acknowledged last
};

// Applies in a turn of its own; the "disk" is a string.
class FuzzedWorker final : public WatchWorker {
 public:
  explicit FuzzedWorker(Scheduler& scheduler) : scheduler_(scheduler) {}
  [[nodiscard]] Pending apply(WatchBatch batch, OnApplied done) override {
    return later([this, batch = std::move(batch), done = std::move(done)]() mutable { done(applier_.apply(batch)); });
  }
  [[nodiscard]] Pending restore(OnRestored done) override {
    return later([done = std::move(done)]() mutable { done(make_error(Reason::kNotFound, "empty")); });
  }
  [[nodiscard]] Pending store(std::vector<ResourceKey> wants, OnStored done) override {
    return later([this, wants = std::move(wants), done = std::move(done)]() mutable {
      expect_restorable(applier_.last_good_text(wants), wants);
      done({});
    });
  }

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
  void expect_restorable(const std::string& text, const std::vector<ResourceKey>& wants) const {
    BatchApplier fresh;
    Result<LastGood> restored = fresh.restore(text);
    expect(bool(restored), "what is kept on disk can be served again", text);
    if (!restored) return;
    expect(restored->wants == wants, "the wants are kept");
    expect(fresh.current()->hash() == applier_.current()->hash(), "the content is kept");
    expect(fresh.current()->version() == applier_.current()->version(), "the version is kept");
  }
  Scheduler& scheduler_;
  BatchApplier applier_;
};

ResourceKey service_named(std::string_view name) { return *ResourceKey::make(Kind::kService, "default", name); }

class Scene {
 public:
  Scene() {
    channel_.client = &client_;
    client_.start();
    scheduler_.advance(1ms);  // nothing on disk: it connects
    expect(channel_.observer != nullptr, "a sidecar connects");
  }

  void play(std::string_view line) {
    if (line.starts_with('!')) {
      direct(line);
    } else if (channel_.observer != nullptr && open_) {
      follow(line);
      channel_.observer->on_line(line);
    }
    scheduler_.advance(1ms);
    check();
  }

 private:
  void direct(std::string_view line) {
    if (line == "!want") {
      wanted_ = client_.want(service_named("b"), [](const Result<void>&) {});
    } else if (line.starts_with("!wait ")) {
      scheduler_.advance(static_cast<unsigned char>(line.back()) * 100ms);
    } else if (channel_.observer == nullptr) {
      return;
    } else if (line == "!open") {
      open_ = true;
      channel_.observer->on_open();
    } else if (line == "!close") {
      channel_.observer->on_closed(make_error(Reason::kUpstreamClosed, "gone"));
    } else if (line == "!end" && open_) {
      std::string end = encode(ControlMessage(WatchEnd{begin_.to, to_hex(next_.value())}));
      end.pop_back();
      follow(end);
      channel_.observer->on_line(end);
    }
  }
  // What an honest end would say: over everything put since `begin`, and before it if that is a delta.
  void follow(std::string_view line) {
    Result<ControlMessage> message = decode_control_message(line);
    if (!message) return;
    if (auto* begin = std::get_if<WatchBegin>(&*message)) {
      begin_ = *begin;
      if (begin->kind == BatchKind::kSnapshot) next_.clear();
    }
    if (auto* put = std::get_if<WatchPut>(&*message)) next_.put({put->key, put->resource});
    if (auto* erase = std::get_if<WatchDelete>(&*message)) next_.erase(erase->key);
    if (auto* end = std::get_if<WatchEnd>(&*message)) announced_.insert(str_cat(end->version.text(), " ", end->hash));
  }
  void check() {
    ConfigStatus status = client_.status();
    auto current = client_.snapshots().current();
    expect(status.version.has_value() == (current != nullptr), "the status speaks of what is published");
    expect(current == nullptr || *status.version == current->version(), "the status names the version published");
    expect(current == nullptr || announced_.contains(str_cat(current->version().text(), " ", to_hex(current->hash()))),
           "what is published has the content that the end of its batch announced");
    expect(scheduler_.next_deadline().has_value(), "a watch never waits for nothing");
    if (status.state == WatchState::kBackoff || status.state == WatchState::kConnecting) open_ = false;
  }

  ManualScheduler scheduler_;
  SeededRandom random_;
  FuzzedChannel channel_;
  FuzzedWorker worker_{scheduler_};
  WatchClient client_{scheduler_, random_, Logger{}, {channel_, worker_}, {"node-1", "0.1.0", {service_named("a")}}};
  Pending wanted_;
  WatchBegin begin_;
  ContentHasher next_;
  std::set<std::string> announced_;  // "version hash"
  bool open_ = false;
};
}  // namespace

HEDDLE_FUZZ_TARGET(watch_client, input) {
  Scene scene;
  for (std::string_view line : split(input, '\n')) scene.play(line);
}
}  // namespace heddle::fuzz
