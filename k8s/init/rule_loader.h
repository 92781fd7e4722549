// RuleLoader: one way to put a plan into the kernel of this network namespace: nftables, or one of the iptables.
// Blocking calls of a program that does one thing; no loop. What failed is said without its next step, which is the
// caller's.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "k8s/init/interception_plan.h"
#include "k8s/init/options.h"
#include "k8s/init/rule_names.h"

namespace heddle {
class RuleLoader {
 public:
  virtual ~RuleLoader() = default;
  virtual std::string name() const = 0;
  // All or nothing; what this loader loaded before is replaced.
  virtual Result<void> install(const InterceptionPlan&) = 0;
  // False: nothing of ours was there.
  virtual Result<bool> remove() = 0;
  // What the kernel has; empty: nothing of ours.
  virtual Result<RuleNames> found() = 0;
  virtual RuleNames expected(const InterceptionPlan&) const = 0;
  // What --print says.
  virtual std::string text(const InterceptionPlan&) const = 0;
};
using RuleLoaders = std::vector<std::unique_ptr<RuleLoader>>;

// Those that a mode tries, the best one first.
std::vector<std::string> loader_names(InitMode);
// Whether rules of both would judge a connection twice; `iptables` is another name of one of the other two.
bool clash(std::string_view loader, std::string_view other);
// Tries one after the other and says who did it; an error has what each of them said.
Result<RuleLoader*> install_first(const std::vector<RuleLoader*>&, const InterceptionPlan&);
}  // namespace heddle
