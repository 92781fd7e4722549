// The plan as text of nftables. Pure. One transaction each: the kernel takes all of it or nothing, and nobody sees a
// moment without rules. Twice is once.
#pragma once
#include <string>

#include "k8s/init/interception_plan.h"

namespace heddle {
std::string nft_text(const InterceptionPlan&);
std::string nft_removal_text();
std::string nft_listing_command();
}  // namespace heddle
