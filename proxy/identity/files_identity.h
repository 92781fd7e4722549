// FilesIdentity: an identity from PEM files that somebody else keeps fresh. Looks every second whether they changed
// (on the offload pool), loads them, and publishes what is good; a bad replacement is refused with a log line and the
// old identity stays. Of the other trust domains each has a file and is judged by itself. Belongs to the main loop; its
// timer and offload tokens die with it.
#pragma once
#include "lib/base/log.h"
#include "lib/event/offload.h"
#include "proxy/identity/identity_files.h"
#include "proxy/identity/svid_source.h"

namespace heddle {
class FilesIdentity final : public IdentitySource {
 public:
  static constexpr Duration kPoll = 1s;
  FilesIdentity(Loop&, Logger, IdentityFiles);
  void start() override { look(); }
  void reload() override;
  void on_trust(const TrustNews&) override {}  // the files alone say whom to trust
  bool is_kept(const TlsIdentity&) const noexcept override { return true; }
  void set_on_kept(Task) override {}
  Latest<TlsIdentity>& identities() noexcept override { return identities_; }
  IdentityStatus status() const override;
  const RotationCounts& rotations() const noexcept override { return rotations_; }

 private:
  // What the offload thread found.
  struct Seen {
    std::string fingerprint;
    std::optional<Result<LoadedIdentity>> loaded;  // nothing: unchanged
  };
  static Seen look_at(const IdentityFiles&, const std::string& known, const std::shared_ptr<const TrustBundle>& in_use,
                      WallTime now);
  void look();
  void on_seen(Seen);
  void take(const LoadedIdentity&);
  std::shared_ptr<const TrustBundle> bundle_in_use();
  Loop& loop_;
  Logger log_;
  const IdentityFiles files_;
  Offload offload_{loop_};
  Latest<TlsIdentity> identities_;
  std::unique_ptr<Timer> poll_;
  Pending work_;
  bool working_ = false;
  bool again_ = false;       // reload() came while the pool was at work
  std::string fingerprint_;  // of what was looked at last, good or bad
  std::optional<Sha256Digest> content_;
  std::string federated_;  // digest
  std::string last_error_;
  std::vector<std::string> refused_;  // federated domains, of what was looked at last
  RotationCounts rotations_{};
};
}  // namespace heddle
