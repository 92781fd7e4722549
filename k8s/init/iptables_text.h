// The plan as text for iptables-restore and ip6tables-restore with --noflush. Pure. A text is one transaction: chains
// that are there are emptied and filled anew. The jumps to them are taken out as they stand in `listing`, what
// iptables-save says of the table nat, and put in again: twice is once.
#pragma once
#include <string>
#include <string_view>

#include "k8s/init/interception_plan.h"

namespace heddle {
std::string iptables_text(const InterceptionPlan&, IpVersion, std::string_view listing);
// Empty where nothing of ours is there.
std::string iptables_removal_text(std::string_view listing);
}  // namespace heddle
