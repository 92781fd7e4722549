// SimulatedSidecar: what the control plane sees of one sidecar: a connection of mutual TLS 1.3 with a certificate of
// its own, one watch stream, a hello with wants, every batch checked against its announced hash and acknowledged, and a
// reconnect with backoff. It builds no snapshot: ten thousand of them have to fit beside what is measured.
#pragma once
#include <map>

#include "bench/control/fleet.h"
#include "lib/base/backoff.h"
#include "lib/config/content_hash.h"
#include "lib/rpc/http_client.h"
#include "lib/tls/tls_connector.h"

namespace heddle {
class SimulatedSidecar final : private LineObserver {
 public:
  SimulatedSidecar(SimulatedFleet& fleet, SidecarPlan plan, std::shared_ptr<const TlsContext> context);
  void connect();

 private:
  // One stream on a connection of its own, or a connection alone.
  struct Link {
    explicit Link(SimulatedSidecar& sidecar);
    TlsConnector tls;
    HttpClient http;
    Pending dial;
    std::unique_ptr<Transport> connection;
    std::unique_ptr<HttpClient::Lines> lines;
  };
  void connect_only();
  void open_stream();
  TlsSetup setup() const;

  void on_line(std::string_view) override;
  void on_closed(const Error&) override;
  void come_back(Duration);
  void leave(Duration);
  void say(const SidecarMessage&);
  void say_hello();

  void on_put(std::string_view line);
  void on_message(const WatchBegin&);
  void on_message(const WatchDelete&);
  void on_message(const WatchEnd&);
  void on_message(const WatchHeartbeat&);
  void on_message(const WatchRetryAfter&);
  void on_message(const WatchDrain&);
  template <class Other>
  void on_message(const Other&) {}

  SimulatedFleet& fleet_;
  const SidecarPlan plan_;
  std::shared_ptr<const TlsContext> context_;
  Backoff backoff_;
  std::unique_ptr<Timer> timer_;  // once it had to come back
  std::unique_ptr<Link> link_;
  ContentHasher held_;
  std::optional<Version> version_;
  std::vector<uint32_t> changed_;  // backend sets of the batch that comes
  bool is_open_ = false;
  bool is_delta_ = false;
  bool is_synced_ = false;
};
}  // namespace heddle
