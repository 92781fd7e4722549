// The member `federated` of a `trust` message and of the answers that issue a certificate (docs/watch-protocol.md):
//   "federated": {"<trust domain>": <SPIFFE bundle, JWK Set>, ...}
// the bundles of the federated trust domains, the whole truth each time; absent stands for none. This folder knows no
// certificates: names and bundles are passed on as text. Who uses them parses each by itself and leaves out a domain
// whose name or bundle is bad, because one bad partner must not keep the mesh from its own roots. Pure.
#pragma once
#include <map>
#include <string>

#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

namespace heddle {
inline constexpr size_t kMaxFederatedDomains = 64;
inline constexpr size_t kMaxFederatedBytes = 768 * 1024;  // of all bundles: fits beside our own in a line of the watch

using FederatedTexts = std::map<std::string, std::string, std::less<>>;  // JSON of the bundle by trust domain name

// Writes nothing for an empty map. The texts must be valid JSON.
void write_federated(JsonWriter&, const FederatedTexts&);
// More than kMaxFederatedDomains, or something else than an object, is a problem of the object's list. What a member
// holds is not looked at.
FederatedTexts read_federated(JsonObject&);
}  // namespace heddle
