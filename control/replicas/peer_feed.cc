#include "control/replicas/peer_feed.h"

#include "certs/peer_certificate.h"
#include "lib/base/strings.h"

namespace heddle {
Result<void> check_is_replica(const RpcRequest& request, const SpiffeId& self) {
  const auto& certificate = request.peer_certificate;
  bool is_replica = certificate != nullptr && certificate->spiffe_id() && *certificate->spiffe_id() == self;
  if (is_replica) return {};
  return make_error(Reason::kForbidden, "only a control plane of this mesh may ask this", Origin::kDownstream);
}

// The first look is a turn later: inside the request's handler the head of the answer is not out yet.
class PeerFeed::Stream final : public LineObserver {
 public:
  Stream(PeerFeed& feed, LineSender& sender, std::string peer)
      : feed_(feed), sender_(&sender), peer_(std::move(peer)), timer_(feed.parts_.scheduler.timer([this] { look(); })) {
    feed_.streams_.insert(this);
    beat_at_ = feed_.parts_.scheduler.now() + kHeartbeat;
    lines_.push_back(encode(feed_.parts_.hello));
    timer_->arm(Duration(0));
  }
  ~Stream() override { feed_.streams_.erase(this); }

  void on_line(std::string_view) override {
    feed_.parts_.log.limited(LogLevel::kWarn, {"peer-speaks", 1}, "a control plane speaks where it should listen",
                             {{"address", peer_}});
    close();
  }
  void on_drained() override {
    is_full_ = false;
    flush();
  }
  void on_closed(const Error& why) override {
    feed_.parts_.log.info("another control plane listens no more", {{"address", peer_}, {"why", why}});
    sender_ = nullptr;
    timer_->cancel();
  }
  void close() {
    timer_->cancel();
    if (LineSender* sender = std::exchange(sender_, nullptr)) sender->close();
  }

 private:
  void look() {
    timer_->arm(kLook);
    bool is_first = rows_ == nullptr;
    if (is_first) rows_ = std::make_unique<PeerRows>();
    if (!is_first && !lines_.empty()) return;  // the look before is not out yet
    add_trust();
    MonoTime now = feed_.parts_.scheduler.now();
    for (std::string& line : rows_->take(feed_.parts_.registry, feed_.parts_.newest(), now)) {
      lines_.push_back(std::move(line));
    }
    if (now >= beat_at_) {
      beat_at_ = now + kHeartbeat;
      lines_.push_back(encode(PeerHeartbeat{}));
    }
    flush();
  }
  // Before the first `newest`: who is heard has said it.
  void add_trust() {
    if (!feed_.parts_.trust) return;
    PeerTrust now = feed_.parts_.trust();
    if (now == trust_) return;
    trust_ = std::move(now);
    lines_.push_back(encode(trust_));
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

  PeerFeed& feed_;
  LineSender* sender_;  // nullptr: the stream has ended
  std::string peer_;
  PeerTrust trust_;  // as told
  std::unique_ptr<PeerRows> rows_;
  std::vector<std::string> lines_;  // of one look, and the hello
  size_t sent_ = 0;
  bool is_full_ = false;
  MonoTime beat_at_;
  std::unique_ptr<Timer> timer_;
};

void PeerFeed::serve_on(HttpServer& server) {
  server.stream(kPath, [this](const RpcRequest& request, LineSender& sender) { return open(request, sender); });
}

Result<std::unique_ptr<LineObserver>> PeerFeed::open(const RpcRequest& request, LineSender& sender) {
  HEDDLE_CHECK_OK(check_is_replica(request, parts_.self));
  if (is_draining_) return make_error(Reason::kDraining, "this control plane is shutting down");
  if (streams_.size() >= kMaxStreams) return make_error(Reason::kOverload, "too many control planes listen already");
  parts_.log.info("another control plane listens", {{"address", request.peer.text()}});
  if (parts_.on_open) parts_.on_open();
  return std::unique_ptr<LineObserver>(std::make_unique<Stream>(*this, sender, request.peer.text()));
}

void PeerFeed::drain() {
  is_draining_ = true;
  for (Stream* stream : std::set<Stream*>(streams_)) stream->close();
}
}  // namespace heddle
