#include "proxy/lb/registry.h"

#include "lib/base/strings.h"
#include "proxy/lb/hash_balancer.h"
#include "proxy/lb/least_request.h"
#include "proxy/lb/peak_ewma.h"
#include "proxy/lb/random_balancer.h"
#include "proxy/lb/round_robin.h"

namespace heddle {
namespace {
template <class Policy>
std::unique_ptr<LoadBalancer> make(LbInputs inputs) {
  return std::make_unique<Policy>(inputs);
}
}  // namespace

void LbRegistry::add(std::string_view name, LbFactory factory) {
  factories_.insert_or_assign(std::string(name), std::move(factory));
}

Result<LbFactory> LbRegistry::find(std::string_view name) const {
  auto found = factories_.find(name);
  if (found != factories_.end()) return found->second;
  return make_error(Reason::kConfigInvalid, str_cat("no load balancing policy is called ", in_quotes(name),
                                                    "; there are ", join(names(), ", ")));
}

std::vector<std::string> LbRegistry::names() const {
  std::vector<std::string> out;
  for (auto& [name, factory] : factories_) out.push_back(name);
  return out;
}

LbRegistry make_lb_registry() {
  LbRegistry registry;
  registry.add("peakEwma", make<PeakEwmaBalancer>);
  registry.add("leastRequest", make<LeastRequest>);
  registry.add("roundRobin", make<RoundRobin>);
  registry.add("random", make<RandomBalancer>);
  registry.add("ringHash", make<RingHashBalancer>);
  registry.add("maglev", make<MaglevBalancer>);
  return registry;
}
}  // namespace heddle
