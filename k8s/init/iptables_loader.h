// IptablesLoader: chains of our own in the table nat, by iptables-restore and ip6tables-restore of one kind, for
// kernels whose nf_tables cannot do NAT for both IP versions (before 5.2), or not at all. Needs these programs in PATH,
// and root.
#pragma once
#include <string>

#include "k8s/init/rule_loader.h"

namespace heddle {
class IptablesLoader final : public RuleLoader {
 public:
  // "iptables", "iptables-nft", "iptables-legacy"; whether the kernel has an IPv6 whose table there is.
  IptablesLoader(std::string name, bool kernel_has_ipv6) : name_(std::move(name)), ipv6_(kernel_has_ipv6) {}
  std::string name() const override { return name_; }
  Result<void> install(const InterceptionPlan&) override;
  Result<bool> remove() override;
  Result<RuleNames> found() override;
  RuleNames expected(const InterceptionPlan&) const override;
  std::string text(const InterceptionPlan&) const override;

 private:
  std::string program(IpVersion, std::string_view what) const;
  bool may_be_there(IpVersion) const;
  Result<std::string> list(IpVersion) const;
  Result<void> load(IpVersion, const std::string& text) const;
  Result<void> install(const InterceptionPlan&, IpVersion) const;
  Result<bool> remove(IpVersion) const;
  std::string name_;
  bool ipv6_;
};
}  // namespace heddle
