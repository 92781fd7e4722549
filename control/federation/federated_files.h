// The files of fetched bundles, one per trust domain, <data>/federated/<SHA-256 of its name>.json: what counts after a
// restart while an endpoint is away. Whole files, 0600, written beside and renamed. Text in and out is pure; load,
// save and remove block: at start-up and on the offload thread only.
#pragma once
#include "control/federation/federated_bundles.h"

namespace heddle {
std::string to_json(const StoredFederated&);
// kConfigInvalid names what is wrong with it.
Result<StoredFederated> parse_stored_federated(std::string_view json);

std::string federated_file(std::string_view directory, std::string_view trust_domain);
struct LoadedFederated {
  std::vector<StoredFederated> good;
  std::vector<Error> bad;  // a file each; it counts for nothing
};
// Makes the directory (0700) when it is not there.
Result<LoadedFederated> load_federated(const std::string& directory);
Result<void> save_federated(const std::string& directory, const StoredFederated&);
// Nothing when there is none.
Result<void> remove_federated(const std::string& directory, std::string_view trust_domain);
}  // namespace heddle
