// LbRegistry: load balancing policies by the name configuration uses. Filled by hand, read when backend sets are
// applied; a value of the composition root.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "proxy/lb/load_balancer.h"

namespace heddle {
using LbFactory = std::function<std::unique_ptr<LoadBalancer>(LbInputs)>;

class LbRegistry {
 public:
  void add(std::string_view name, LbFactory);
  // kConfigInvalid with the names there are.
  Result<LbFactory> find(std::string_view name) const;
  std::vector<std::string> names() const;  // sorted

 private:
  std::map<std::string, LbFactory, std::less<>> factories_;
};

// Every policy of this folder: peakEwma (the default), leastRequest, roundRobin, random, ringHash, maglev.
LbRegistry make_lb_registry();
}  // namespace heddle
