#include "k8s/init/rule_loader.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr char kNext[] =
    ". Next: give the container the capabilities NET_ADMIN and NET_RAW, and the node the kernel modules nf_tables and "
    "nft_nat "
    "(or ip_tables and iptable_nat); or run the sidecar with explicit listeners, which needs neither";
}  // namespace

std::vector<std::string> loader_names(InitMode mode) {
  switch (mode) {
    case InitMode::kAuto:
      return {"nftables", "iptables-nft", "iptables", "iptables-legacy"};
    case InitMode::kNftables:
      return {"nftables"};
    case InitMode::kIptables:
      return {"iptables-nft", "iptables", "iptables-legacy"};
    case InitMode::kIptablesNft:
      return {"iptables-nft"};
    case InitMode::kIptablesLegacy:
      return {"iptables-legacy"};
  }
  return {};
}

bool clash(std::string_view loader, std::string_view other) {
  if (loader == other) return false;
  return loader == "nftables" || other == "nftables" || (loader != "iptables" && other != "iptables");
}

Result<RuleLoader*> install_first(const std::vector<RuleLoader*>& loaders, const InterceptionPlan& plan) {
  std::vector<std::string> said;
  for (RuleLoader* loader : loaders) {
    auto installed = loader->install(plan);
    if (installed) return loader;
    said.push_back(str_cat(loader->name(), ": ", installed.error().detail));
  }
  return make_error(Reason::kUnavailable, str_cat("no rules could be loaded: ", join(said, "; "), kNext));
}
}  // namespace heddle
