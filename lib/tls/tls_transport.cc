#include "lib/tls/tls_transport.h"

#include <algorithm>
#include <utility>

#include "lib/base/strings.h"
#include "lib/tls/key_update_guard.h"

namespace heddle {
namespace {
constexpr size_t kRecord = 16 * 1024;
// Slices shorter than this are joined before they are encrypted, so that a frame header is not a record of its own.
constexpr size_t kJoinBelow = 8 * 1024;
constexpr size_t kDeliverAt = 64 * 1024;
constexpr Duration kBuffersIdle = 1s;

class TlsTransport final : public Transport, private Transport::Observer {
 public:
  TlsTransport(Loop&, std::unique_ptr<Transport> below, TlsSetup);
  ~TlsTransport() override;

  void observe(Transport::Observer*) override;
  [[nodiscard]] Flow write(Buffer&&) override;
  void finish() override;
  void close(CloseMode) override;
  void pause(PauseReason) override;
  void resume(PauseReason) override;
  void reoffer() override;
  size_t queued() const override { return clear_out_.size() + below_->queued(); }
  const ConnectionInfo& info() const override { return info_; }
  void set_ends(const Address& peer, const Address& local) override { set_proxied_ends(info_, peer, local); }

 private:
  enum class State : uint8_t { kHandshake, kOpen, kFailed, kClosed };
  struct Admission final : HandshakeGate::Handshake {
    explicit Admission(TlsTransport& t) : tls(t) {}
    void on_admitted() override { tls.below_->reoffer(); }
    TlsTransport& tls;
  };
  // Observer of the transport below.
  void on_connected() override {}
  void on_data(Buffer& in) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(const Error&) override;

  void run();  // end of the turn
  bool must_wait() { return state_ == State::kHandshake && setup_.gate != nullptr && !setup_.gate->admit(admission_); }
  void greet(const Buffer& in);
  void shake_hands();
  void finish_handshake();
  void end_handshake(Reason);
  void fail(Error);
  Error handshake_error();
  void encrypt();
  size_t encrypt_some();
  void flush_cipher();
  void decrypt();
  bool decrypt_some();
  void offer_input();
  void deliver();
  void deliver_end();
  void fail_unfinished();
  void fail_truncated();
  void fail_flooded();
  void tell_closed();
  void on_handshake_late();
  void on_flush_late();
  void on_buffers_idle();
  bool may_read() const { return !paused_.any() && observer_ != nullptr && !close_after_; }
  void schedule() { loop_.defer(run_, Loop::Phase::kTls); }

  Loop& loop_;
  std::unique_ptr<Transport> below_;
  TlsSetup setup_;
  ConnectionInfo info_;
  Transport::Observer* observer_ = nullptr;
  Buffer clear_out_;   // to be encrypted
  Buffer cipher_out_;  // encrypted, on its way below
  Buffer clear_in_;    // decrypted, not yet consumed
  BufferBio bio_{cipher_out_};
  HandshakeState handshake_;
  KeyUpdateGuard key_updates_;
  Admission admission_{*this};
  SslPtr ssl_;
  State state_ = State::kHandshake;
  const MonoTime begun_;
  Flags<PauseReason> paused_;
  std::optional<Error> failure_;
  size_t read_size_ = 2048;
  bool full_ = false;  // we told the observer kFull
  bool below_full_ = false;
  bool finishing_ = false;    // finish() was called
  bool close_after_ = false;  // close(kFlush) was called
  bool notified_ = false;     // close_notify was sent
  bool peer_ended_ = false;   // close_notify was received
  bool end_delivered_ = false;
  bool announced_ = false;  // on_connected was called
  bool got_data_ = false;   // application bytes arrived: the peer has accepted our certificate
  bool want_offer_ = false;
  bool started_ = false;      // client: the first flight was written; server: its first byte was seen
  bool reading_ = false;      // inside on_data of below: the input is lent to the BIO
  bool left_below_ = false;   // the transport below holds bytes we did not take
  bool below_ended_ = false;  // the peer's FIN came
  bool starved_ = false;      // every byte that came was decrypted
  std::optional<Error> below_closed_;
  DeferredOf<TlsTransport, &TlsTransport::run> run_{*this};
  DeadlineOf<TlsTransport, &TlsTransport::on_handshake_late> handshake_late_{*this};
  DeadlineOf<TlsTransport, &TlsTransport::on_flush_late> flush_late_{*this};
  DeadlineOf<TlsTransport, &TlsTransport::on_buffers_idle> buffers_idle_{*this};
};

TlsTransport::TlsTransport(Loop& loop, std::unique_ptr<Transport> below, TlsSetup setup)
    : loop_(loop),
      below_(std::move(below)),
      setup_(std::move(setup)),
      info_(below_->info()),
      clear_out_(loop.blocks()),
      cipher_out_(loop.blocks()),
      clear_in_(loop.blocks()),
      handshake_{*setup_.context, loop, std::move(setup_.check), nullptr, std::nullopt},
      key_updates_(loop, bio_),
      ssl_(SSL_new(setup_.context->raw())),
      begun_(loop.now()) {
  HEDDLE_CHECK(ssl_ != nullptr);
  info_.is_tls = true;
  handshake_.bind(ssl_.get());
  key_updates_.watch(ssl_.get());
  BIO* bio = bio_.make_bio();
  SSL_set_bio(ssl_.get(), bio, bio);
  if (setup_.context->role() == TlsRole::kServer) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
    if (!setup_.server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), setup_.server_name.c_str());
    if (!setup_.only_alpn.empty()) {
      std::string wire(1, static_cast<char>(setup_.only_alpn.size()));
      wire.append(setup_.only_alpn);
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                          static_cast<unsigned>(wire.size()));
    }
  }
  handshake_late_.arm(loop_, setup_.handshake);
  below_->observe(this);
  schedule();
}

TlsTransport::~TlsTransport() { below_->observe(nullptr); }

void TlsTransport::observe(Transport::Observer* observer) {
  observer_ = observer;
  want_offer_ = true;
  schedule();
}

Flow TlsTransport::write(Buffer&& bytes) {
  if (finishing_ || close_after_ || state_ == State::kFailed || state_ == State::kClosed) return Flow::kOpen;
  clear_out_.append(std::move(bytes));
  schedule();
  if (queued() >= kWriteHighMark) full_ = true;
  return full_ ? Flow::kFull : Flow::kOpen;
}

void TlsTransport::finish() {
  finishing_ = true;
  schedule();
}

void TlsTransport::close(CloseMode mode) {
  if (mode == CloseMode::kAbort) {
    state_ = State::kClosed;
    return below_->close(CloseMode::kAbort);
  }
  if (std::exchange(close_after_, true)) return;
  finishing_ = true;
  flush_late_.arm(loop_, kFlushDeadline);
  below_->reoffer();  // what waits there is dropped from now on
  schedule();
}

void TlsTransport::pause(PauseReason reason) { paused_.set(reason); }

void TlsTransport::resume(PauseReason reason) {
  if (!paused_.has(reason)) return;
  paused_.clear(reason);
  want_offer_ = true;
  schedule();
}

void TlsTransport::reoffer() {
  want_offer_ = true;
  schedule();
}

void TlsTransport::on_data(Buffer& in) {
  bool nobody_reads = state_ == State::kFailed || state_ == State::kClosed || close_after_ || peer_ended_;
  if (nobody_reads) return in.clear();
  if (must_wait()) return;
  bio_.set_input(&in);
  reading_ = true;
  starved_ = false;
  ERR_clear_error();
  if (state_ == State::kHandshake) greet(in);
  if (state_ == State::kOpen && announced_) decrypt();
  reading_ = false;
  bio_.set_input(nullptr);
  if (peer_ended_) in.clear();  // nothing may follow close_notify
  left_below_ = !in.empty();
  if (!cipher_out_.empty()) schedule();
}

// A caller without a sidecar deserves a name of its own in the log, not an OpenSSL error.
void TlsTransport::greet(const Buffer& in) {
  constexpr std::byte kHandshakeRecord{0x16};
  if (!std::exchange(started_, true) && in.front().front() != kHandshakeRecord) {
    return fail(make_error(Reason::kPlaintextRefused, str_cat(info_.peer.text(), " does not speak TLS")));
  }
  shake_hands();
}

void TlsTransport::shake_hands() {
  int done = SSL_do_handshake(ssl_.get());
  if (!cipher_out_.empty()) schedule();  // what it wrote must leave
  if (done == 1) return finish_handshake();
  if (SSL_get_error(ssl_.get(), done) != SSL_ERROR_WANT_READ) return fail(handshake_error());
  if (below_ended_) fail_unfinished();
}

// Before the state changes, whatever it was: only the end of a handshake is told.
void TlsTransport::end_handshake(Reason result) {
  handshake_late_.cancel();
  admission_.leave();
  if (state_ != State::kHandshake || setup_.watcher == nullptr) return;
  std::exchange(setup_.watcher, nullptr)->on_handshake(result, loop_.now() - begun_);
}

void TlsTransport::finish_handshake() {
  end_handshake(Reason::kNone);
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &length);
  if (length > 0) info_.alpn.assign(reinterpret_cast<const char*>(name), length);
  const char* sni = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  if (sni != nullptr) info_.sni = to_lower(std::string_view(sni));
  info_.peer_certificate = handshake_.peer;
  // Once for each connection, so that nobody has to compare names for each request.
  info_.is_foreign = handshake_.peer != nullptr && setup_.context->is_foreign(*handshake_.peer);
  state_ = State::kOpen;
  // A server sends nothing after the client's Finished (no tickets): a client with Nagle's algorithm would hold its
  // first request back until the kernel's delayed ACK, 40 ms.
  if (setup_.context->role() == TlsRole::kServer) below_->acknowledge();
  want_offer_ = true;
  buffers_idle_.arm(loop_, kBuffersIdle);
  schedule();
}

Error TlsTransport::handshake_error() {
  if (handshake_.refusal) return *handshake_.refusal;
  bool no_certificate = ERR_GET_REASON(ERR_peek_error()) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
  Reason reason = no_certificate ? Reason::kPeerCertificateMissing : Reason::kTlsHandshakeFailed;
  return make_error(reason, str_cat("TLS with ", info_.peer.text(), ": ", openssl_error()));
}

// The alert that OpenSSL wrote still leaves; the observer hears of it when the transport below is closed.
void TlsTransport::fail(Error why) {
  if (state_ == State::kFailed || state_ == State::kClosed) return;
  end_handshake(why.reason);
  state_ = State::kFailed;
  failure_ = std::move(why);
  clear_out_.clear();
  schedule();
}

void TlsTransport::on_handshake_late() {
  fail(make_error(Reason::kTlsHandshakeTimeout,
                  str_cat("no TLS handshake with ", info_.peer.text(), " within ", format_duration(setup_.handshake))));
}

void TlsTransport::on_flush_late() {
  fail(make_error(Reason::kTimeout, str_cat(std::to_string(queued()), " bytes could not be flushed within 1s")));
  below_->close(CloseMode::kAbort);
}

void TlsTransport::run() {
  ERR_clear_error();
  bool begins = state_ == State::kHandshake && setup_.context->role() == TlsRole::kClient;
  if (begins && !std::exchange(started_, true)) shake_hands();
  if (state_ == State::kOpen && !announced_ && observer_ != nullptr) {
    announced_ = true;
    observer_->on_connected();
  }
  if (state_ == State::kOpen) encrypt();
  flush_cipher();
  if (state_ == State::kFailed || (state_ == State::kHandshake && close_after_)) below_->close(CloseMode::kFlush);
  offer_input();
  tell_closed();
}

void TlsTransport::offer_input() {
  if (state_ != State::kOpen || close_after_ || !announced_ || !std::exchange(want_offer_, false)) return;
  if (!clear_in_.empty()) deliver();
  if (!may_read() || state_ != State::kOpen) return;
  decrypt();          // what OpenSSL still holds
  below_->reoffer();  // and what waits below
  if (!cipher_out_.empty()) schedule();
}

void TlsTransport::encrypt() {
  while (!clear_out_.empty() && !below_full_ && state_ == State::kOpen) {
    if (encrypt_some() == 0) return;
    if (cipher_out_.size() >= kDeliverAt) flush_cipher();
  }
  // The transport below tells only of a queue that was full: less than that may stay there without any further event.
  if (full_ && clear_out_.size() < kWriteHighMark / 2 && !below_full_ && observer_ != nullptr) {
    full_ = false;
    observer_->on_drained();
  }
  if (!clear_out_.empty() || !finishing_ || state_ != State::kOpen) return;
  if (!std::exchange(notified_, true)) {
    SSL_shutdown(ssl_.get());
    flush_cipher();
    below_->finish();
  }
  if (!close_after_) return;
  flush_late_.cancel();  // the transport below has its own
  below_->close(CloseMode::kFlush);
}

size_t TlsTransport::encrypt_some() {
  Bytes chunk = clear_out_.front();
  if (chunk.size() < kJoinBelow && chunk.size() < clear_out_.size()) {
    chunk = clear_out_.linearize(std::min(kRecord, clear_out_.size()));
  }
  chunk = chunk.first(std::min(chunk.size(), kRecord));
  size_t written = 0;
  if (SSL_write_ex(ssl_.get(), chunk.data(), chunk.size(), &written) != 1) {
    fail(make_error(Reason::kIo, str_cat("TLS write: ", openssl_error())));
    return 0;
  }
  clear_out_.consume(written);
  buffers_idle_.arm(loop_, kBuffersIdle);
  return written;
}

void TlsTransport::flush_cipher() {
  if (cipher_out_.empty()) return;
  Buffer out(loop_.blocks());
  out.append(std::move(cipher_out_));
  below_full_ = below_->write(std::move(out)) == Flow::kFull;
}

void TlsTransport::decrypt() {
  while (may_read() && state_ == State::kOpen && clear_in_.size() <= kUnconsumedMark && decrypt_some()) {
    if (clear_in_.size() >= kDeliverAt) deliver();
  }
  if (!clear_in_.empty()) deliver();
  deliver_end();
  buffers_idle_.arm(loop_, kBuffersIdle);
}

// False when there is nothing more to read now.
bool TlsTransport::decrypt_some() {
  MutableBytes room = clear_in_.reserve(read_size_);
  size_t got = 0;
  bool is_read = SSL_read_ex(ssl_.get(), room.data(), room.size(), &got) == 1;
  if (key_updates_.flooded()) {
    fail_flooded();
    return false;
  }
  if (is_read) {
    clear_in_.commit(got);
    got_data_ = true;
    read_size_ =
        got == room.size() ? std::min<size_t>(read_size_ * 4, kDeliverAt) : std::max<size_t>(2048, read_size_ / 2);
    return true;
  }
  if (clear_in_.empty()) clear_in_.clear();  // an idle connection holds no block
  int error = SSL_get_error(ssl_.get(), 0);
  if (error == SSL_ERROR_WANT_READ) {
    starved_ = reading_ || !left_below_;
    if (starved_ && below_ended_) fail_truncated();
    return false;
  }
  if (error == SSL_ERROR_ZERO_RETURN) {
    peer_ended_ = true;
    return false;
  }
  // A TLS 1.3 client has finished its handshake before the server judges its certificate (rule S12).
  bool refused = setup_.context->role() == TlsRole::kClient && !got_data_;
  Reason reason = refused ? Reason::kTlsHandshakeFailed : Reason::kIo;
  fail(make_error(reason, str_cat("TLS with ", info_.peer.text(), ": ", openssl_error())));
  return false;
}

void TlsTransport::deliver() {
  if (may_read()) observer_->on_data(clear_in_);
}

void TlsTransport::deliver_end() {
  if (!peer_ended_ || end_delivered_ || !may_read() || close_after_) return;
  end_delivered_ = true;
  observer_->on_end();
}

// A FIN: the end only if close_notify came before it, which may still wait to be decrypted.
void TlsTransport::on_end() {
  if (state_ == State::kFailed || state_ == State::kClosed || peer_ended_ || close_after_) return;
  below_ended_ = true;
  if (admission_.is_waiting()) return;  // what came before it has not been looked at
  if (state_ == State::kHandshake) return fail_unfinished();
  if (starved_) fail_truncated();
}

void TlsTransport::fail_unfinished() {
  fail(make_error(Reason::kTlsHandshakeFailed, str_cat(info_.peer.text(), " closed during the TLS handshake")));
}

void TlsTransport::fail_truncated() {
  bool refused = setup_.context->role() == TlsRole::kClient && !got_data_;
  fail(make_error(refused ? Reason::kTlsHandshakeFailed : Reason::kIo,
                  str_cat(info_.peer.text(), " closed without close_notify")));
}

// What it wrote in the same breath is not worth reading.
void TlsTransport::fail_flooded() {
  bool is_server = setup_.context->role() == TlsRole::kServer;
  // `abuse` is an answer to who abuses us; of an upstream our client knows nothing.
  fail(make_error(is_server ? Reason::kAbuse : Reason::kUpstreamProtocolError,
                  str_cat(info_.peer.text(), " updates its keys more than 100 times a second"),
                  is_server ? Origin::kDownstream : Origin::kUpstream));
  clear_in_.clear();
}

void TlsTransport::on_drained() {
  below_full_ = false;
  schedule();
}

void TlsTransport::on_closed(const Error& why) {
  flush_late_.cancel();
  end_handshake(Reason::kTlsHandshakeFailed);
  if (state_ == State::kHandshake && !failure_ && !close_after_) {
    failure_ = make_error(Reason::kTlsHandshakeFailed, str_cat("TLS with ", info_.peer.text(), ": ", why.text()));
  }
  below_closed_ = why;
  tell_closed();
}

// A clean end waits until what was decrypted before it has been consumed.
void TlsTransport::tell_closed() {
  if (!below_closed_ || observer_ == nullptr) return;
  bool is_clean = state_ == State::kOpen && below_closed_->reason == Reason::kNone && !close_after_;
  if (is_clean && (!clear_in_.empty() || !end_delivered_)) return;
  state_ = State::kClosed;
  run_.cancel_deferred();
  buffers_idle_.cancel();
  clear_out_.clear();
  Transport::Observer* observer = std::exchange(observer_, nullptr);
  observer->on_closed(failure_ ? *failure_ : *below_closed_);
}

void TlsTransport::on_buffers_idle() {
  // Refuses by itself while records are in its buffers.
  SSL_free_buffers(ssl_.get());
}
}  // namespace

std::unique_ptr<Transport> make_tls_transport(Loop& loop, std::unique_ptr<Transport> below, TlsSetup setup) {
  return std::make_unique<TlsTransport>(loop, std::move(below), std::move(setup));
}
}  // namespace heddle
