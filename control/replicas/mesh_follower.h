// MeshFollower: listens to the control plane that leads, and keeps a whole copy of what it says (LedJournal): POST
// /v1/replicas/mesh over mutual TLS with our own certificate, to a peer that must have the control plane's SPIFFE id. A
// stream without a line for kSilence is given up, as one that fails; then again. Control loop; its connection ends with
// the registry's.
#pragma once
#include "control/replicas/mesh_lines.h"
#include "control/replicas/peer_client.h"
#include "control/store/led_journal.h"
#include "lib/base/log.h"

namespace heddle {
class MeshFollower final : private LineObserver {
 public:
  static constexpr Duration kSilence = 3 * kMeshHeartbeat;
  struct Parts {
    LedJournal& journal;
    Task on_heard;  // each line: up to here nothing is missing
    Task on_taken;  // each state or change; after on_heard
    Logger log;
  };
  MeshFollower(const PeerContext&, const Address& leader, Parts);

 private:
  TlsSetup setup() const;
  void dial();
  void lose(const Error& why);
  void drop();
  void on_line(std::string_view line) override;
  void on_closed(const Error& why) override { lose(why); }
  Result<void> take(MeshUpdate);
  const PeerContext& context_;
  Parts parts_;
  TlsConnector tls_;
  HttpClient http_;
  Backoff backoff_;
  MeshReader reader_;
  bool is_lost_ = true;  // until the next try
  std::unique_ptr<HttpClient::Lines> lines_;
  std::unique_ptr<Timer> retry_;
  std::unique_ptr<Timer> silence_;
  DeferredOf<MeshFollower, &MeshFollower::drop> drop_{*this};
};
}  // namespace heddle
