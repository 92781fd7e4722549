// The messages of the SPIFFE Workload API as what they mean: what we hand to an application, what an agent hands to us.
// Pure; hides protobuf. Private keys in what is parsed or built are wiped before the memory is freed. An agent is
// believed only as far as our own rules for certificates go (certs/verify.h).
#pragma once
#include <optional>

#include "certs/secret.h"
#include "certs/spiffe_id.h"
#include "lib/tls/tls_context.h"

namespace heddle {
namespace workload {
inline constexpr std::string_view kFetchX509Svid = "/SpiffeWorkloadAPI/FetchX509SVID";
inline constexpr std::string_view kFetchX509Bundles = "/SpiffeWorkloadAPI/FetchX509Bundles";
inline constexpr std::string_view kHeaderName = "workload.spiffe.io";
inline constexpr std::string_view kHeaderValue = "true";
inline constexpr size_t kMaxDomains = 256;  // federated, of one message
}  // namespace workload

// Whom a message may be about.
struct WorkloadRules {
  TrustDomain domain;          // of our own identity
  std::optional<SpiffeId> id;  // which of several; without: the first one
};

// One X509SVIDResponse: our SVID with its key, and every other domain's roots as federated bundles.
Result<Secret> encode_x509_svids(const Svid&, const TrustBundle&);
// One X509BundlesResponse: the roots of every domain; the same for the same roots.
std::string encode_x509_bundles(const TrustBundle&);
// Both requests are empty messages.
bool is_workload_request(std::string_view message);

// Reads an X509SVIDResponse whole or not at all: the SVID must keep the leaf rules, be the named id's, chain to the
// bundle beside it now, and have its own key. The detail says what is wrong.
Result<TlsMaterial> read_x509_svids(std::string_view message, const WorkloadRules&, WallTime now);
}  // namespace heddle
