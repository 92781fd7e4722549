// The numbers of certs/: sizes we accept and the times of what we issue. Constants only.
// Sources: SPIFFE-ID §2.3 (2048, 255); the other numbers are ours.
#pragma once
#include <cstddef>

#include "lib/base/clock.h"

namespace heddle {
inline constexpr size_t kMaxSpiffeId = 2048;              // bytes of the whole URI
inline constexpr size_t kMaxTrustDomain = 255;            // bytes
inline constexpr size_t kMaxChainPem = 32 * 1024;         // bytes of a certificate chain, PEM or DER
inline constexpr size_t kMaxChainLength = 4;              // certificates shown: leaf and three intermediates
inline constexpr size_t kMaxPathLength = 5;               // certificates of a verified path: the above and the root
inline constexpr size_t kMaxKeyPem = 16 * 1024;           // bytes
inline constexpr size_t kMaxCsr = 16 * 1024;              // bytes, PEM or DER
inline constexpr size_t kMaxBundle = 1024 * 1024;         // bytes of one trust domain's bundle
inline constexpr size_t kMaxFederatedBundle = 64 * 1024;  // bytes of another trust domain's, in our form
inline constexpr size_t kMaxRoots = 64;                   // certificates of one trust domain's bundle
inline constexpr size_t kMaxSubjectNames = 64;            // subject alternative names read from one certificate
inline constexpr int kMinRsaBits = 2048;
inline constexpr int kMaxRsaBits = 4096;
inline constexpr Duration kBackdate = 60s;  // NotBefore = issued - this: clocks differ
inline constexpr Duration kMinTtl = 5s;     // nothing shorter is signed
inline constexpr Duration kMaxTtl = 2160h;  // 90 days: nothing longer is signed, or taken from who signs for us
}  // namespace heddle
