// SpireIdentity: an identity from a SPIFFE Workload API, as a SPIRE agent serves it on a Unix socket. Keeps one stream
// open and takes each message as the whole state; a message that breaks our rules is refused in the log and the old
// identity stays, as it does while the agent is away, until it expires. An agent that begins with silence or with such
// a message is asked again (SpireStream). Reading is the offload pool's. Nothing is kept on disk: the agent is the
// authority, and asking it again costs a millisecond. Belongs to the main loop.
#pragma once
#include <optional>

#include "certs/digest.h"
#include "lib/base/log.h"
#include "lib/event/offload.h"
#include "lib/rpc/grpc_client.h"
#include "proxy/identity/spire_retry.h"
#include "proxy/identity/svid_source.h"
#include "proxy/identity/workload_messages.h"

namespace heddle {
struct SpireIdentityOptions {
  Address socket;
  WorkloadRules rules;
};
struct SpireParts {
  SessionContext context;
  Protocols& protocols;
  Connector& connector;
  Random& random;
};

class SpireIdentity final : public IdentitySource, private GrpcStreamObserver {
 public:
  SpireIdentity(const SpireParts&, Logger, SpireIdentityOptions);
  void start() override { ask(); }
  void reload() override { ask(); }
  void on_trust(const TrustNews&) override {}                                // the agent alone says whom to trust
  bool is_kept(const TlsIdentity&) const noexcept override { return true; }  // nothing is, and nothing is missed
  void set_on_kept(Task) override {}
  Latest<TlsIdentity>& identities() noexcept override { return identities_; }
  IdentityStatus status() const override;
  const RotationCounts& rotations() const noexcept override { return rotations_; }

 private:
  struct Read;
  void ask();
  void on_message(std::string_view message) override;
  void on_end(const GrpcEnd&) override;
  void on_late();
  void end_stream(Duration ask_again_after);
  void read_next();
  void on_read(Read);
  void take(const Read&);
  void failed(const Error&);
  std::string not_ready(IdentityState) const;

  Loop& loop_;
  Logger log_;
  const SpireIdentityOptions options_;
  GrpcClient client_;
  SpireRetry retry_;
  Offload offload_{loop_};
  Latest<TlsIdentity> identities_;
  std::unique_ptr<Timer> timer_;          // to ask again, or for the first message
  SpireStream stream_state_;              // of the stream that is open, or was
  std::shared_ptr<const Secret> unread_;  // the newest message; those before it were never of use
  uint64_t unread_of_ = 0;                // the stream it came over
  std::optional<Sha256Digest> content_;   // of what is published
  std::string last_error_;
  RotationCounts rotations_{};
  bool reading_ = false;
  Pending read_;
  Pending stream_;
};
}  // namespace heddle
