// PeerClient: listens to one other control plane, for as long as it lives: POST /v1/replicas/watch over mutual TLS 1.3
// and HTTP/2 with our own certificate, to a peer that must have the control plane's SPIFFE id. A stream without a line
// for kPeerSilence is given up, as one that fails; then again, after kRetry. Each connection takes the newest
// certificate. Beside that it carries short questions to it (call). Upcalls come from the loop; they must not destroy
// the client. Control loop.
#pragma once
#include <list>

#include "certs/spiffe_id.h"
#include "control/replicas/peer_lines.h"
#include "lib/base/backoff.h"
#include "lib/rpc/http_client.h"
#include "lib/tls/tls_connector.h"

namespace heddle {
inline constexpr Duration kPeerSilence = 20s;

struct PeerContext {
  Loop& loop;
  ConnectionRegistry& connections;
  Protocols& protocols;
  Connector& below;
  Random& random;
  std::function<std::shared_ptr<const TlsContext>()> client_context;
  SpiffeId self;
  Duration silence = kPeerSilence;
};

class PeerClient final : private LineObserver {
 public:
  static constexpr BackoffSpec kRetry{500ms, 1.6, 0.2, 10s};
  class Observer {
   public:
    virtual void on_peer_open() = 0;
    // An error closes the stream; it is told to on_peer_lost().
    virtual Result<void> on_peer_message(const PeerMessage&) = 0;
    // Also when nobody answered. Another try follows.
    virtual void on_peer_lost(const Error& why) = 0;

   protected:
    ~Observer() = default;
  };
  static constexpr size_t kMaxCalls = 8;  // under way; kOverload beyond
  PeerClient(const PeerContext&, const Address&, Observer&);
  // POST over a connection of its own. Answers once, maybe inside; never when the client is destroyed before.
  void call(std::string path, std::string body, Duration deadline, HttpClient::OnResponse);

 private:
  TlsSetup setup() const;
  void dial();
  void lose(const Error& why);
  void drop();
  void drop_calls();
  void on_line(std::string_view line) override;
  void on_closed(const Error& why) override { lose(why); }
  const PeerContext& context_;
  Observer& observer_;
  TlsConnector tls_;
  HttpClient http_;
  Backoff backoff_;
  bool is_lost_ = true;  // until the next try
  std::unique_ptr<HttpClient::Lines> lines_;
  struct Call {
    Pending token;
    bool is_over = false;
  };
  std::list<Call> calls_;
  std::unique_ptr<Timer> retry_;
  std::unique_ptr<Timer> silence_;
  DeferredOf<PeerClient, &PeerClient::drop> drop_{*this};
  DeferredOf<PeerClient, &PeerClient::drop_calls> drop_calls_{*this};
};
}  // namespace heddle
