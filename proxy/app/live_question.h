// LiveQuestion: what would become of a request that came to a listener of this very process now. Read and checked on
// the main loop, answered on a worker's (live_explain.cc) by the routers, policies and backend sets of traffic; nothing
// is sent, counted or kept. Plain values; only one loop at a time touches the query, whose pool is not thread-safe.
#pragma once
#include <memory>

#include "lib/base/unique_function.h"
#include "lib/decision/explain.h"

namespace heddle {
struct LiveQuestion {
  std::shared_ptr<const ExplainQuery> query;
  size_t listener = 0;  // in the order of the settings
};
// kBadRequest: this sidecar is not who was asked for. What would be refused is an answer, not an error.
using OnExplanation = UniqueFunction<void(Result<Explanation>)>;
}  // namespace heddle
