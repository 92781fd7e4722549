// PublishedIdentity: an identity source that publishes what a test gives to identities(), and does nothing else.
#pragma once
#include "proxy/identity/svid_source.h"

namespace heddle {
class PublishedIdentity final : public IdentitySource {
 public:
  void start() override {}
  void reload() override {}
  void on_trust(const TrustNews&) override {}
  bool is_kept(const TlsIdentity&) const noexcept override { return true; }
  void set_on_kept(Task) override {}
  Latest<TlsIdentity>& identities() noexcept override { return identities_; }
  IdentityStatus status() const override { return {}; }
  const RotationCounts& rotations() const noexcept override { return rotations_; }

 private:
  Latest<TlsIdentity> identities_;
  RotationCounts rotations_{};
};
}  // namespace heddle
