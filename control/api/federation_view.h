// The answer to GET /v1/federation: what is in force of each federated trust domain, what is wrong with it, and how
// many sidecars use the newest. Pure.
#pragma once
#include "control/federation/federation_keeper.h"
#include "control/registry/node_registry.h"

namespace heddle {
std::string federation_json(const FederationKeeper&, const std::vector<NodeStatus>& sidecars);
// Of those that are connected: who said that it uses these federated bundles ("" : none).
struct FederationUse {
  size_t connected = 0;
  size_t newest = 0;
};
FederationUse federation_use(const std::vector<NodeStatus>& sidecars, std::string_view digest);
}  // namespace heddle
