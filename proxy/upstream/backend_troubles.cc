#include "proxy/upstream/backend_troubles.h"

#include <algorithm>
#include <tuple>

#include "lib/base/strings.h"
#include "proxy/upstream/endpoint_tls.h"

namespace heddle {
namespace {
bool is_worse(const BackendTrouble& a, const BackendTrouble& b) {
  return std::tuple(a.up != 0, b.down, std::string_view(a.set)) <
         std::tuple(b.up != 0, a.down, std::string_view(b.set));
}

BackendTrouble look_at(const BackendSetSpec& spec, HealthTable& health) {
  BackendTrouble out{str_cat(spec.key.ns, "/", spec.key.name)};
  for (const Endpoint& endpoint : spec.endpoints) {
    ++(health.get(health_key(endpoint.key))->usable() ? out.up : out.down);
  }
  return out;
}
}  // namespace

std::vector<BackendTrouble> backend_troubles(const Snapshot& snapshot, HealthTable& health,
                                             const ResolvedSets* resolved) {
  std::vector<BackendTrouble> out;
  for (const auto& entry : snapshot.backend_sets()) {
    if (entry == nullptr || is_subset(*entry->spec)) continue;
    auto found = resolved != nullptr && entry->spec->dns ? resolved->share(entry->spec->key) : nullptr;
    BackendTrouble trouble = look_at(*with_endpoints(entry->spec, found.get()), health);
    if (trouble.down != 0) out.push_back(std::move(trouble));
  }
  std::sort(out.begin(), out.end(), is_worse);
  if (out.size() > kMaxBackendTroubles) out.resize(kMaxBackendTroubles);
  return out;
}
}  // namespace heddle
