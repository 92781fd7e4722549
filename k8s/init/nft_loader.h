// NftLoader: the table `inet heddle`, by libnftables: no process is started, so that this program alone needs rights.
#pragma once
#include <string>

#include "k8s/init/rule_loader.h"

namespace heddle {
class NftLoader final : public RuleLoader {
 public:
  std::string name() const override { return "nftables"; }
  Result<void> install(const InterceptionPlan&) override;
  Result<bool> remove() override;
  Result<RuleNames> found() override;
  RuleNames expected(const InterceptionPlan&) const override;
  std::string text(const InterceptionPlan&) const override;
};
}  // namespace heddle
