#include "control/replicas/mesh_feed.h"

#include "control/replicas/peer_feed.h"

namespace heddle {
// The first look is a turn later: inside the request's handler the head of the answer is not out yet.
class MeshFeed::Stream final : public LineObserver {
 public:
  Stream(MeshFeed& feed, LineSender& sender)
      : feed_(feed), sender_(&sender), timer_(feed.parts_.scheduler.timer([this] { beat(); })) {
    feed_.streams_.insert(this);
    timer_->arm(Duration(0));
  }
  ~Stream() override { feed_.streams_.erase(this); }

  void on_line(std::string_view) override { close(); }
  void on_drained() override {
    is_full_ = false;
    flush();
    if (lines_.empty()) look();
  }
  void on_closed(const Error&) override {
    sender_ = nullptr;
    timer_->cancel();
  }
  void close() {
    timer_->cancel();
    if (LineSender* sender = std::exchange(sender_, nullptr)) sender->close();
  }
  // What is new since what was told; nothing while something is still on its way.
  void look() {
    if (sender_ == nullptr || !is_open_ || !lines_.empty() || !feed_.parts_.may_tell()) return;
    const Store& store = feed_.parts_.store;
    if (told_ == store.version()) return;
    EventRange range = told_ ? store.events_after(*told_, kAtOnce) : EventRange{};
    if (range.state == LogState::kComplete && !range.events.empty()) {
      for (const Event* event : range.events) add(encode_mesh_change(*event));
      told_ = range.events.back()->version;
    } else {
      add(encode_mesh_state(store.view()));
      told_ = store.version();
    }
    flush();
    if (lines_.empty() && told_ != store.version()) timer_->arm(Duration(0));
  }

 private:
  static constexpr size_t kAtOnce = 16;  // changes that wait to be sent
  void beat() {
    timer_->arm(kMeshHeartbeat);
    is_open_ = true;
    if (lines_.empty()) lines_.push_back(encode_mesh_heartbeat());
    flush();
    look();
  }
  void add(std::vector<std::string> lines) {
    for (std::string& line : lines) lines_.push_back(std::move(line));
  }
  void flush() {
    while (sender_ != nullptr && !is_full_ && sent_ < lines_.size()) {
      is_full_ = sender_->send(lines_[sent_]) == Flow::kFull;
      lines_[sent_++] = std::string();
    }
    if (sent_ < lines_.size()) return;
    lines_.clear();
    sent_ = 0;
  }

  MeshFeed& feed_;
  LineSender* sender_;  // nullptr: the stream has ended
  std::optional<Version> told_;
  std::vector<std::string> lines_;
  size_t sent_ = 0;
  bool is_full_ = false;
  bool is_open_ = false;
  std::unique_ptr<Timer> timer_;
};

MeshFeed::MeshFeed(Parts parts) : parts_(std::move(parts)) {
  commits_ = parts_.store.on_commit([this](Version) { look(); });
}

void MeshFeed::serve_on(HttpServer& server) {
  server.stream(kMeshFeedPath, [this](const RpcRequest& request, LineSender& sender) { return open(request, sender); });
}

Result<std::unique_ptr<LineObserver>> MeshFeed::open(const RpcRequest& request, LineSender& sender) {
  HEDDLE_CHECK_OK(check_is_replica(request, parts_.self));
  if (is_draining_) return make_error(Reason::kDraining, "this control plane is shutting down");
  if (streams_.size() >= kMaxStreams) return make_error(Reason::kOverload, "too many control planes follow already");
  parts_.log.info("another control plane follows", {{"address", request.peer.text()}});
  return std::unique_ptr<LineObserver>(std::make_unique<Stream>(*this, sender));
}

void MeshFeed::look() {
  for (Stream* stream : std::set<Stream*>(streams_)) stream->look();
}

void MeshFeed::drain() {
  is_draining_ = true;
  for (Stream* stream : std::set<Stream*>(streams_)) stream->close();
}
}  // namespace heddle
