// The CA's state as text: what ca.pem and ca.rotation hold in a directory, and the documents "ca.authority" and
// "ca.rotation" in a ledger. The first is certificates and one key in PEM, always in the same form, so that an older
// version finds it; the second (JSON) the phase, the bundle's sequence, roots the operator wants trusted besides, and
// the other root: with its key while it is prepared, its certificate alone once it is the old one. Text that is damaged
// is refused (kConfigInvalid). Pure, but for what KeyForm remembers; sealing and opening a key takes tenths of a
// second.
#pragma once
#include "control/ca/ca_state.h"
#include "control/ca/key_form.h"

namespace heddle {
// Line ends are escaped in JSON.
inline constexpr size_t kMaxCaRotation = 2 * (kMaxChainPem + kMaxKeyPem + kMaxBundle) + 4096;

// What ca.rotation says, with the authorities still as text.
struct RotationWords {
  RotationPhase phase = RotationPhase::kSteady;
  uint64_t sequence = 1;
  WallTime since;
  std::string signer;  // pin
  std::string old;
  std::string also;
  bool is_aborted = false;
  std::string next;
  Secret next_key;  // empty: there is none with it
};
Result<RotationWords> read_rotation_words(std::string_view text);
// What the words say when `signer` signs; `next` is kept where the phase has one. Whether it is the signer that the
// words name is the caller's to judge.
Result<CaState> state_of(const RotationWords&, CertificateAuthority::Ptr signer, CertificateAuthority::Ptr next);
// `other`: null or what goes with it as "next". `key`: of that; empty: none.
Secret rotation_text(const CaState&, const CertificateAuthority* other, std::string_view key);

// As ca.pem has it. `key`: empty: certificates alone.
Secret authority_text(const CertificateAuthority&, std::string_view key);
// Without a key in the text: an authority without one.
Result<CertificateAuthority::Ptr> read_authority_text(std::string_view text, const TrustDomain&, const KeyForm&);
}  // namespace heddle
