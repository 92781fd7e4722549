#include "control/watch/watch_server.h"

#include "certs/peer_certificate.h"

namespace heddle {
// One stream. It joins the hub at the end of the turn, or with its first line: inside the request's handler the head of
// the answer is not out yet, so the hub could not say "too many" there.
class WatchServer::Stream final : public LineObserver, private SubscriberSink {
 public:
  Stream(WatchServer& server, LineSender& sender, WatchPeer peer)
      : server_(server), sender_(sender), peer_(std::move(peer)) {
    ++server_.streams_;
    server_.loop_.defer(join_);
  }
  ~Stream() override {
    leave();
    --server_.streams_;
  }

  void on_line(std::string_view line) override {
    join();
    if (subscriber_ == nullptr || subscriber_->is_closed()) return;
    Result<SidecarMessage> message = decode_sidecar_message(line);
    if (!message) return subscriber_->close(message.error());
    const auto* hello = std::get_if<WatchHello>(&*message);
    if (hello != nullptr && server_.on_peer_) server_.on_peer_(peer_, hello->node);
    server_.hub_.on_message(*subscriber_, *message);
  }
  void on_drained() override {
    if (subscriber_ != nullptr) server_.hub_.on_writable(*subscriber_);
  }
  void on_closed(const Error& why) override {
    server_.log_.info("watch stream ended",
                      {{"peer", peer_.identity.text()}, {"address", peer_.address}, {"why", why}});
    leave();
  }

 private:
  Flow send_line(std::string_view line) override {
    return sender_.send(line.substr(0, line.size() - 1));  // the sender adds the newline
  }
  Taken send_lines(std::span<const std::string_view> lines) override { return {lines.size(), sender_.send_all(lines)}; }
  void close(const Error& why) override {
    server_.log_.limited(LogLevel::kWarn, {"watch-closed", 10}, "watch stream closed",
                         {{"peer", peer_.identity.text()}, {"address", peer_.address}, {"why", why}});
    sender_.close();
  }
  void join() {
    if (std::exchange(joined_, true)) return;
    subscriber_ = server_.hub_.add(*this, peer_);
  }
  void leave() {
    joined_ = true;  // a join that still waits comes too late
    if (Subscriber* subscriber = std::exchange(subscriber_, nullptr)) server_.hub_.remove(*subscriber);
  }

  WatchServer& server_;
  LineSender& sender_;
  WatchPeer peer_;
  Subscriber* subscriber_ = nullptr;
  bool joined_ = false;
  DeferredOf<Stream, &Stream::join> join_{*this};
};

void WatchServer::serve_on(HttpServer& server) {
  hub_.set_flush([&loop = loop_] { loop.turn_if_crowded(); });
  server.stream("/v1/watch", [this](const RpcRequest& request, LineSender& sender) { return open(request, sender); });
}

Result<std::unique_ptr<LineObserver>> WatchServer::open(const RpcRequest& request, LineSender& sender) {
  const auto& certificate = request.peer_certificate;
  if (certificate == nullptr || !certificate->spiffe_id()) {
    return make_error(Reason::kForbidden, "a client certificate is required", Origin::kDownstream);
  }
  WatchPeer peer{*certificate->spiffe_id(), WatchGrant::kWants, request.peer.text(), certificate->serial()};
  log_.info("watch stream opened", {{"peer", peer.identity.text()}, {"address", peer.address}});
  return std::unique_ptr<LineObserver>(std::make_unique<Stream>(*this, sender, std::move(peer)));
}
}  // namespace heddle
