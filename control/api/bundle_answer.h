// What the bundle endpoint says (SPIFFE Federation §5): our trust domain's bundle in the SPIFFE bundle format (Trust
// Domain and Bundle §4), UTF-8, with `spiffe_sequence` and `spiffe_refresh_hint`. Public: nothing but certificates that
// every member shows or trusts anyway. Pure; made once for each bundle, copied to whoever asks.
#pragma once
#include "certs/domain_roots.h"
#include "lib/rpc/message.h"

namespace heddle {
inline constexpr std::string_view kBundlePath = "/";

// 503 when the roots cannot be written as JWK Set: what was true before must not be said any more (§5.2.1.3: always the
// newest bundle).
RpcResponse bundle_answer(const DomainRoots&);
}  // namespace heddle
