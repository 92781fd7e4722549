#include "lib/tls/tls_connector.h"

#include <optional>
#include <utility>

namespace heddle {
namespace {
Error upstream_tls_error(const Error& why) {
  if (why.reason == Reason::kPeerIdentityUnexpected) {
    return make_error(Reason::kUpstreamIdentityUnexpected, why.detail, Origin::kUpstream);
  }
  return make_error(Reason::kUpstreamTlsFailed, why.text(), Origin::kUpstream);
}
}  // namespace

// One connect. The answer is given from a deferred task, so that neither the token nor the transport dies inside one
// of its own upcalls.
class TlsConnector::Attempt final : public Operation, private Transport::Observer {
 public:
  Attempt(Loop& loop, OnConnect done) : loop_(loop), done_(std::move(done)) {}

  void start(Connector& below, const Address& address, Duration deadline, Result<TlsSetup> setup) {
    if (!setup) return complete(std::move(setup).error());
    setup_ = *std::move(setup);
    dial_ = below.connect(address, deadline, [this](Result<std::unique_ptr<Transport>> connected) {
      if (!connected) return complete(std::move(connected).error());
      transport_ = make_tls_transport(loop_, *std::move(connected), std::move(setup_));
      transport_->observe(this);
    });
  }

 private:
  void on_connected() override { complete(std::nullopt); }
  void on_data(Buffer&) override {}  // stays in the transport for the next observer
  void on_end() override {}
  void on_drained() override {}
  void on_closed(const Error& why) override { complete(upstream_tls_error(why)); }

  void complete(std::optional<Error> failure) {
    failure_ = std::move(failure);
    loop_.defer(finish_);
  }
  void finish() {
    auto done = std::move(done_);
    if (failure_) return done(std::move(*failure_));
    transport_->observe(nullptr);
    done(std::move(transport_));
  }

  Loop& loop_;
  OnConnect done_;
  TlsSetup setup_;
  Pending dial_;
  std::unique_ptr<Transport> transport_;
  std::optional<Error> failure_;
  DeferredOf<Attempt, &Attempt::finish> finish_{*this};
};

Pending TlsConnector::connect(const Address& address, Duration deadline, OnConnect done) {
  auto attempt = std::make_unique<Attempt>(loop_, std::move(done));
  attempt->start(below_, address, deadline, setup_());
  return attempt;
}
}  // namespace heddle
