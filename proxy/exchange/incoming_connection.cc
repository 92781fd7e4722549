#include "proxy/exchange/incoming_connection.h"

#include <utility>

#include "lib/base/strings.h"
#include "lib/http/detect.h"
#include "lib/net/proxy_header.h"

namespace heddle {
namespace {

constexpr Duration kDrainPatience = 1s;
constexpr std::byte kTlsByte{0x16};  // of a handshake record (RFC 8446 §5.1)

enum class Carried : uint8_t { kHttp1, kHttp2, kTcp };

class IncomingConnection final : public Connection, private Transport::Observer {
 public:
  IncomingConnection(const IncomingSpec& spec, std::unique_ptr<Transport> transport)
      : spec_(spec), transport_(std::move(transport)), awaits_header_(spec.proxy_header) {
    spec_.context.registry.add(*this);
  }
  ~IncomingConnection() override { spec_.context.registry.remove(*this); }

  void start() {
    detect_late_.arm(spec_.context.loop, spec_.detect);
    transport_->observe(this);
    if (awaits_header_) return;
    if (spec_.tls == InboundTls::kStrict) return start_tls();
    expect_first_bytes();
    if (is_known_now()) spec_.context.loop.defer(hand_over_known_);
  }

  // Connection
  // What is on its way is still served: the first request may be in the kernel's buffer already.
  void drain() override {
    draining_ = true;
    if (!done_) detect_late_.arm(spec_.context.loop, std::min(spec_.detect, kDrainPatience));
  }
  void abort(const Error&) override {
    expects_ = false;
    transport_->close(CloseMode::kAbort);
  }
  ConnectionInfo describe() const override { return transport_->info(); }
  std::string_view protocol() const override { return "unknown"; }
  size_t active_streams() const override { return 0; }

 private:
  // Nothing has to be looked at: the listener says it all.
  bool known() const { return spec_.protocol == PortProtocol::kTcp || spec_.protocol == PortProtocol::kHttp2; }
  bool is_known_now() const { return spec_.tls == InboundTls::kOff && known(); }

  void on_connected() override {
    if (awaits_header_) return;
    const std::string& name = transport_->info().alpn;
    if (name == alpn::kHttp2) return hand_over(Carried::kHttp2);
    if (name == alpn::kHttp1) return hand_over(Carried::kHttp1);
    if (name == alpn::kTcp) return hand_over(Carried::kTcp);
    bool may_become_tls = spec_.tls == InboundTls::kPermissive && !in_tls_;
    if (known() && !may_become_tls) return hand_over(carried_by_spec());
    if (in_tls_) expect_first_bytes();
  }

  void on_data(Buffer& in) override {
    if (done_ || in.empty() || (in_tls_ && !transport_->info().alpn.empty())) return;
    if (awaits_header_ && !take_header(in)) return;
    on_first_bytes();
    std::array<std::byte, kDetectBytes> head{};
    Detected seen = detect(Bytes(head.data(), in.copy_to(head)));
    bool may_be_tls = spec_.tls == InboundTls::kPermissive && !in_tls_ && head[0] == kTlsByte;
    if (may_be_tls && seen == Detected::kTls) return start_tls();
    bool needs_more = seen == Detected::kNeedMore;
    if (known() && !(may_be_tls && needs_more)) return hand_over_seen(carried_by_spec());
    if (!needs_more) hand_over_detected(seen);
  }
  void on_end() override {
    if (awaits_header_ && header_begun_) {
      return refuse(make_error(Reason::kProxyHeaderInvalid, "PROXY header: the connection ended in the middle of it"));
    }
    note_left();
    refuse(make_error(Reason::kDownstreamClosed, "closed before the first request"));
  }
  void on_drained() override {}
  void on_closed(const Error& why) override {
    if (std::exchange(done_, true)) return;
    note_left();
    if (why.reason != Reason::kIo && why.reason != Reason::kNone && spec_.http != nullptr) {
      spec_.http->on_bad_connection(transport_->info(), why);
      if (why.reason == Reason::kAbuse) spec_.http->on_abuse(kTransportAbuse);
    }
    retire();
  }

  // False: more of it is to come, it was refused, or what follows is not for us.
  bool take_header(Buffer& in) {
    std::array<std::byte, kMaxProxyHeader> room{};
    auto read = read_proxy_header(Bytes(room.data(), in.copy_to(room)));
    header_begun_ = true;
    if (!read) refuse(read.error());
    if (!read || !*read) return false;
    const ProxyHeader& header = **read;
    if (header.ends) transport_->set_ends(header.ends->source, header.ends->destination);
    in.consume(header.length);
    awaits_header_ = false;
    if (spec_.tls == InboundTls::kStrict) start_tls();
    if (!in_tls_ && !done_) expect_first_bytes();
    if (is_known_now()) hand_over_known();
    return !done_ && !in_tls_ && !in.empty();
  }

  void start_tls() {
    auto setup = spec_.tls_source->server_setup();
    if (!setup) return refuse(setup.error());
    in_tls_ = true;
    expects_ = false;  // until the handshake is over
    transport_->observe(nullptr);
    transport_ = make_tls_transport(spec_.context.loop, std::move(transport_), *std::move(setup));
    transport_->observe(this);
  }

  // From here on it is the client's turn, if it is the client's. Where its silence is expected, that shows in a moment.
  void expect_first_bytes() {
    if (spec_.detector == nullptr) return;
    expects_ = true;
    spoke_ = false;
    since_ = spec_.context.loop.now();
    Duration wait = spec_.detector->wait(spec_.detect);
    expects_silence_ = wait < spec_.detect;
    if (expects_silence_ && !draining_) detect_late_.arm(spec_.context.loop, wait);
  }
  void on_first_bytes() {
    if (expects_ && !std::exchange(spoke_, true) && expects_silence_) rearm();
  }
  void rearm() {
    if (!draining_) detect_late_.arm(spec_.context.loop, spec_.detect);
  }
  void note_left() {
    if (expects_ && !spoke_ && !draining_) spec_.detector->on_left(spec_.context.loop.now() - since_);
  }

  Carried carried_by_spec() const {
    if (spec_.protocol == PortProtocol::kTcp) return Carried::kTcp;
    return spec_.protocol == PortProtocol::kHttp2 || spec_.protocol == PortProtocol::kGrpc ? Carried::kHttp2
                                                                                           : Carried::kHttp1;
  }
  void hand_over_known() { hand_over(carried_by_spec()); }

  void hand_over_detected(Detected seen) {
    if (seen == Detected::kHttp2) return hand_over_seen(Carried::kHttp2);
    // On a port declared as HTTP whatever is not HTTP/2 gets HTTP/1's strict parser and its answer.
    if (seen == Detected::kHttp1 || spec_.protocol != PortProtocol::kAuto) return hand_over_seen(Carried::kHttp1);
    hand_over_seen(Carried::kTcp);
  }
  void hand_over_seen(Carried carried) {
    if (expects_ && !done_) {
      spec_.detector->saw(carried == Carried::kHttp2   ? Detection::kHttp2
                          : carried == Carried::kHttp1 ? Detection::kHttp1
                                                       : Detection::kTcp);
    }
    hand_over(carried);
  }

  bool admits(Carried carried) const {
    bool tcp = carried == Carried::kTcp;
    if (tcp)
      return spec_.tcp != nullptr && (spec_.protocol == PortProtocol::kTcp || spec_.protocol == PortProtocol::kAuto);
    return spec_.http != nullptr && spec_.protocol != PortProtocol::kTcp;
  }

  // The transport goes on with a new owner; this object is done.
  void hand_over(Carried carried) {
    if (done_) return;
    if (!admits(carried)) return refuse(make_error(Reason::kDownstreamProtocolError, "not the protocol of this port"));
    done_ = true;
    transport_->observe(nullptr);
    if (spec_.permissive != nullptr) {
      spec_.permissive->of(transport_->info().peer_certificate.get()).connections.add(1);
    }
    if (carried == Carried::kTcp) {
      spec_.tcp->on_tcp(std::move(transport_));
    } else {
      ServerProtocol& protocol = carried == Carried::kHttp2 ? *spec_.http2 : *spec_.http1;
      ServerSession& session =
          ServerSession::start(spec_.context, std::move(transport_), protocol, *spec_.http, spec_.session);
      if (draining_) session.drain_after_first_request(kDrainPatience);
    }
    retire();
  }

  void refuse(const Error& why) {
    if (std::exchange(done_, true)) return;
    if (spec_.http != nullptr) spec_.http->on_bad_connection(transport_->info(), why);
    transport_->close(CloseMode::kAbort);
    retire();
  }
  void on_detect_late() {
    if (draining_) return refuse(make_error(Reason::kDraining, "draining"));
    if (awaits_header_) return refuse(make_error(Reason::kDetectTimeout, "no PROXY header was sent in time"));
    if (!expects_) return refuse(make_error(Reason::kDetectTimeout, "nothing was sent in time"));
    if (!spoke_ && spec_.detector->on_silence(expects_silence_)) return hand_over(Carried::kTcp);
    if (spoke_) spec_.detector->on_half_said();
    refuse(make_error(Reason::kDetectTimeout,
                      spoke_ ? "what was sent in time is the beginning of something" : "nothing was sent in time"));
  }

  void retire() {
    detect_late_.cancel();
    hand_over_known_.cancel_deferred();
    spec_.context.registry.remove(*this);
    spec_.context.loop.retire(*this);
  }

  const IncomingSpec& spec_;
  std::unique_ptr<Transport> transport_;
  bool awaits_header_;
  bool header_begun_ = false;
  bool in_tls_ = false;
  bool done_ = false;
  bool draining_ = false;
  bool expects_ = false;          // the first bytes, for the detector
  bool expects_silence_ = false;  // and waits a moment only
  bool spoke_ = false;
  MonoTime since_;
  DeferredOf<IncomingConnection, &IncomingConnection::hand_over_known> hand_over_known_{*this};
  DeadlineOf<IncomingConnection, &IncomingConnection::on_detect_late> detect_late_{*this};
};
}  // namespace

void accept_connection(const IncomingSpec& spec, std::unique_ptr<Transport> transport) {
  // Owns itself from here on: it retires when the protocol is known or the connection is gone.
  std::make_unique<IncomingConnection>(spec, std::move(transport)).release()->start();
}
}  // namespace heddle
