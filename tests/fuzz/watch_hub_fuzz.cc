// The control plane's side of the watch against any sidecar. Input: lines. Those that begin with `!` move the scene:
//   !put  !erase (a resource changes)  !wait <byte: tenths of seconds>  !again (the stream is gone, another one comes)
//   !ack (an honest answer to the batch that ended last)  !facts (somebody asks for what sidecars remember)
// every other line is said by the sidecar as it stands. An honest sidecar watches beside it and must not suffer.
#include "control/watch/watch_hub.h"
#include "lib/base/bytes.h"
#include "lib/base/strings.h"
#include "lib/config/content_hash.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/seeded_random.h"

namespace heddle::fuzz {
namespace {
class MemoryJournal final : public Journal {
 public:
  Result<JournalState> replay(JournalObserver&) override { return JournalState{{1, 0}, {}, {}}; }
  Pending append(const Event&, AppendDone done) override {
    done({});
    return nullptr;
  }
};

Envelope resource(std::string_view kind, std::string_view name, std::string_view spec) {
  std::string json = str_cat(R"({"apiVersion":"heddle.dev/v1","kind":")", kind, R"(","metadata":{"name":")", name,
                             R"("},"spec":)", spec, "}");
  Problems problems;
  return *read_envelope(*JsonValue::parse(json), {}, problems);
}

// The far end of a stream: what the hub says is understood, in order, and ends with the close.
class Sink final : public SubscriberSink {
 public:
  Flow send_line(std::string_view line) override {
    expect(!closed_, "no line follows the close", line);
    expect(line.ends_with('\n'), "a line has its end", line);
    Result<ControlMessage> message = decode_control_message(line.substr(0, line.size() - 1));
    expect(bool(message), "what the control plane says is understood", line);
    if (message) std::visit([this](const auto& m) { take(m); }, *message);
    return Flow::kOpen;
  }
  void close(const Error&) override { closed_ = true; }

  std::optional<WatchAck> answer() { return std::exchange(ended_, std::nullopt); }
  bool is_closed() const { return closed_; }
  bool is_honest = false;  // acknowledges what it gets, and says what it holds

 private:
  void take(const WatchBegin& m) {
    expect(!open_, "a batch ends before the next");
    open_ = true;
    if (m.kind == BatchKind::kSnapshot) content_.clear();
  }
  void take(const WatchPut& m) {
    expect(open_, "a put stands in a batch");
    content_.put({m.key, m.resource});
  }
  void take(const WatchDelete& m) {
    expect(open_, "a delete stands in a batch");
    content_.erase(m.key);
  }
  void take(const WatchEnd& m) {
    expect(std::exchange(open_, false), "an end ends a batch");
    expect(!is_honest || to_hex(content_.value()) == m.hash, "a batch leads to the announced hash");
    ended_ = WatchAck{m.version};
  }
  template <class Message>
  void take(const Message&) {
    expect(!open_, "nothing else stands in a batch");
  }
  ContentHasher content_;
  std::optional<WatchAck> ended_;
  bool open_ = false;
  bool closed_ = false;
};

struct Sidecar {
  Sink sink;
  Subscriber* subscriber = nullptr;
};

class Scene {
 public:
  Scene() {
    change("80");
    hub_.set_synced();
    join(honest_, "honest");
    honest_->sink.is_honest = true;
    say(honest_, hello("n1"));
    join(stranger_, "stranger");
  }

  void play(std::string_view line) {
    if (line.starts_with('!')) {
      direct(line);
    } else if (stranger_->subscriber != nullptr && !stranger_->sink.is_closed()) {
      Result<SidecarMessage> message = decode_sidecar_message(line);
      if (message) say(stranger_, *message);
      if (!message) stranger_->subscriber->close(message.error());
    }
    scheduler_.advance(100ms);
    answer(honest_);
  }

  // Whatever the other one did, the honest sidecar has what there is.
  void finish() {
    change("81");
    scheduler_.advance(3s);
    answer(honest_);
    scheduler_.advance(3s);
    answer(honest_);
    expect(!honest_->sink.is_closed(), "nobody loses his stream to another's messages");
    std::optional<Version> acked = honest_->subscriber->acked();
    expect(acked && *acked == store_->version(), "an honest sidecar gets the newest version");
  }

 private:
  void direct(std::string_view line) {
    if (line == "!put") change(std::to_string(1000 + ++changes_));
    if (line == "!erase") erase();
    if (line.starts_with("!wait ")) scheduler_.advance(static_cast<unsigned char>(line.back()) * 100ms);
    if (line == "!again") join(stranger_, "stranger");
    if (line == "!ack") answer(stranger_);
    if (line == "!facts") fetch();
  }
  void fetch() {
    facts_ = hub_.fetch_facts({}, [](const FactsResult& result) {
      size_t told = result.sidecars.size() + result.silent.size();
      expect(told == result.asked, "who was asked has answered, or is told to be silent");
      for (const FetchedFacts& one : result.sidecars)
        expect(one.kept.facts.size() <= kMaxFacts, "an answer is bounded");
    });
  }
  bool commit(Transaction operations) {
    bool done = false;
    Pending token =
        store_->commit({std::move(operations)}, nullptr, [&done](const Result<Commit>& r) { done = bool(r); });
    scheduler_.advance(Duration(0));
    return done;
  }
  void erase() {
    (void)commit({EraseOperation{*ResourceKey::make(Kind::kBackendSet, "default", "a")},
                  EraseOperation{*ResourceKey::make(Kind::kBackendSet, "default", "b")}});
  }
  void change(std::string_view port) {
    std::string spec = str_cat(R"({"tls":"plaintext","endpoints":[{"address":"127.0.0.1","port":)", port, "}]}");
    bool done =
        commit({PutOperation{resource("BackendSet", "a", spec)}, PutOperation{resource("BackendSet", "b", spec)},
                PutOperation{resource("Service", "a", R"({"ports":[{"port":80}]})")},
                PutOperation{resource("Service", "b", R"({"ports":[{"port":80}]})")}});
    expect(done, "the scene can be set");
  }
  void join(std::unique_ptr<Sidecar>& sidecar, std::string_view account) {
    if (sidecar != nullptr && sidecar->subscriber != nullptr) hub_.remove(*sidecar->subscriber);
    sidecar = std::make_unique<Sidecar>();
    std::string id = str_cat("spiffe://fuzz.test/ns/default/sa/", account);
    sidecar->subscriber = hub_.add(sidecar->sink, {*SpiffeId::parse(id)});
  }
  static WatchHello hello(std::string node) {
    return {.node = std::move(node), .software = "fuzz", .wants = {*ResourceKey::parse("Service/default/a")}};
  }
  void say(std::unique_ptr<Sidecar>& sidecar, const SidecarMessage& message) {
    hub_.on_message(*sidecar->subscriber, message);
  }
  void answer(std::unique_ptr<Sidecar>& sidecar) {
    if (sidecar->subscriber == nullptr || sidecar->sink.is_closed()) return;
    if (std::optional<WatchAck> ack = sidecar->sink.answer()) say(sidecar, *ack);
  }

  ManualScheduler scheduler_;
  SeededRandom random_{5};
  MemoryJournal journal_;
  std::unique_ptr<Store> store_ = *Store::open(journal_, scheduler_, random_, {});
  NodeRegistry registry_;
  WatchHub hub_{*store_, registry_, scheduler_, random_, {}};
  std::unique_ptr<Sidecar> honest_;
  std::unique_ptr<Sidecar> stranger_;
  int changes_ = 0;
  Pending facts_;
};
}  // namespace

HEDDLE_FUZZ_TARGET(watch_hub, input) {
  Scene scene;
  for (std::string_view line : split(input, '\n')) scene.play(line);
  scene.finish();
}
}  // namespace heddle::fuzz
