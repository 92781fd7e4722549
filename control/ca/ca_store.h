// CaStore: where the CA's state is kept across every step of a rotation: in files of this control plane (FileCaStore)
// or in the ledger that all control planes share (LedgerCaStore). What was decided is the state from then on, also
// after a crash at any moment; what does not fit together stops the start: nothing is guessed. Every `done` is called
// once, maybe before the call returns; destroying the token keeps it silent. One call at a time. Control loop.
#pragma once
#include <optional>

#include "control/ca/ca_state.h"
#include "control/ca/key_store.h"
#include "lib/base/operation.h"
#include "lib/base/unique_function.h"

namespace heddle {
class CaStore {
 public:
  using Done = UniqueFunction<void(Result<void>)>;
  using Opened = UniqueFunction<void(Result<CaState>)>;
  explicit CaStore(Duration root_lifetime) : root_lifetime_(root_lifetime) {}
  virtual ~CaStore() = default;

  // Loads the state. If there is nothing at all, `first` signs, or a root that is made, and that is written.
  [[nodiscard]] virtual Pending open(WallTime now, const CertificateAuthority::Ptr& first, Opened) = 0;
  // The state is this from now on, also after a crash. kConflict: somebody else decided something first.
  [[nodiscard]] virtual Pending decide(const CaState&, Done) = 0;
  // Tidies up after what was decided: nothing but after an activation. Until it succeeds decide() must not be called.
  [[nodiscard]] virtual Pending finish(const CaState&, Done) = 0;
  // The same phase with newer certificates of the same roots, or other roots besides.
  [[nodiscard]] virtual Pending renew(const CaState&, Done) = 0;

  // Other control planes write it, too: only who leads brings in what its files say.
  virtual bool is_shared() const noexcept = 0;
  // What somebody else decided since this one read or wrote; nothing: that is the newest. Where it cannot be read,
  // nothing can be decided either.
  virtual Result<std::optional<CaState>> read_newer() = 0;
  // The files gave this. From now on its key is known, if need be after a restart.
  virtual Result<void> hold(const CertificateAuthority::Ptr&) = 0;
  Duration root_lifetime() const noexcept { return root_lifetime_; }

 private:
  Duration root_lifetime_;
};
}  // namespace heddle
