#include <algorithm>

#include "lib/decision/explain.h"

namespace heddle {
std::vector<ExplainedEndpoint> explain_endpoints(const BackendSetSpec& set) {
  std::vector<ExplainedEndpoint> out;
  size_t count = std::min(set.endpoints.size(), Explanation::kMaxEndpoints);
  out.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const Endpoint& endpoint = set.endpoints[i];
    ExplainedEndpoint row{endpoint.address().text(), endpoint.key.identity ? endpoint.key.identity->text() : "",
                          endpoint.weight, endpoint.traits->zone, endpoint.priority};
    row.eligible = endpoint.weight > 0;
    if (!row.eligible) row.why = "weight 0";
    out.push_back(std::move(row));
  }
  return out;
}
}  // namespace heddle
