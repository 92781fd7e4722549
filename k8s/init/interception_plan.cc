#include "k8s/init/interception_plan.h"

#include <algorithm>
#include <array>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr uint32_t kAdminPort = 15000;
constexpr uint32_t kHealthPort = 15020;
constexpr uint16_t kProbePort = 20001;
using Rule = InterceptionRule;
using Rules = std::vector<Rule>;

Rule named(Rule::Chain chain, std::string_view why) {
  Rule rule;
  rule.chain = chain;
  rule.name = str_cat(chain == Rule::Chain::kInbound ? "heddle/in/" : "heddle/out/", why);
  return rule;
}

void add_skips(Rules& rules, Rule::Chain chain, const NumberRanges& ports, const IpBlocks& blocks) {
  if (!ports.empty()) {
    rules.push_back(named(chain, "skip-ports"));
    rules.back().ports = ports;
  }
  if (!blocks.empty()) {
    rules.push_back(named(chain, "skip-cidrs"));
    rules.back().blocks = blocks;
  }
}

void add_interfaces(Rules& rules, Rule::Chain chain, std::string_view why, std::vector<std::string> interfaces) {
  if (interfaces.empty()) return;
  rules.push_back(named(chain, why));
  rules.back().interfaces = std::move(interfaces);
}

void add_no_ipv6(Rules& rules, Rule::Chain chain, const InterceptionPlan& plan) {
  if (plan.ipv6) return;
  rules.push_back(named(chain, "ipv6-off"));
  rules.back().every_ipv6 = true;
}

void add_redirect(Rules& rules, Rule::Chain chain, uint16_t port, const NumberRanges& only) {
  rules.push_back(named(chain, str_cat("redirect-", std::to_string(port))));
  rules.back().redirect_to = port;
  rules.back().ports = only;
}

void add_inbound(Rules& rules, const InterceptionPlan& plan) {
  constexpr auto kChain = Rule::Chain::kInbound;
  // What comes over lo is the pod's own and was judged when it left.
  add_interfaces(rules, kChain, "loopback", {"lo"});
  add_no_ipv6(rules, kChain, plan);
  add_interfaces(rules, kChain, "skip-interfaces", plan.skip_interfaces);
  // Who dials a listener of the sidecar meets it, and its guard against loops; nothing is sent in a circle.
  rules.push_back(named(kChain, "proxy-ports"));
  rules.back().ports = own_ports(plan);
  add_skips(rules, kChain, plan.skip_inbound_ports, plan.skip_inbound_cidrs);
  add_redirect(rules, kChain, plan.inbound_port, plan.only_inbound_ports);
}

void add_users(Rules& rules, const InterceptionPlan& plan) {
  constexpr auto kChain = Rule::Chain::kOutbound;
  rules.push_back(named(kChain, "proxy-user"));
  rules.back().uids = {{plan.proxy_uid, plan.proxy_uid}};
  if (plan.proxy_gid) {
    rules.push_back(named(kChain, "proxy-group"));
    rules.back().gids = {{*plan.proxy_gid, *plan.proxy_gid}};
  }
  if (!plan.skip_uids.empty()) {
    rules.push_back(named(kChain, "skip-uids"));
    rules.back().uids = plan.skip_uids;
  }
}

void add_outbound(Rules& rules, const InterceptionPlan& plan) {
  constexpr auto kChain = Rule::Chain::kOutbound;
  add_users(rules, plan);
  // The application to itself: 127.0.0.1, ::1 and the pod's own addresses leave by lo. The sidecar's ports elsewhere
  // are no exception: a connection to port 15006 of another pod goes through the sidecar as any other.
  add_interfaces(rules, kChain, "loopback", {"lo"});
  add_no_ipv6(rules, kChain, plan);
  add_interfaces(rules, kChain, "skip-interfaces", plan.skip_interfaces);
  add_skips(rules, kChain, plan.skip_outbound_ports, plan.skip_outbound_cidrs);
  add_redirect(rules, kChain, plan.outbound_port, plan.only_outbound_ports);
}

std::optional<uint16_t> probe_port(const InterceptionPlan& plan) {
  NumberRanges candidates = plan.only_outbound_ports;
  if (candidates.empty()) candidates = {{kProbePort, 65535}, {1, kProbePort - 1}};
  for (const NumberRange& range : candidates)
    for (uint32_t port = range.first; port <= range.last; ++port)
      if (!contains(plan.skip_outbound_ports, port)) return static_cast<uint16_t>(port);
  return std::nullopt;
}
}  // namespace

std::vector<InterceptionRule> rules_of(const InterceptionPlan& plan) {
  Rules rules;
  add_inbound(rules, plan);
  add_outbound(rules, plan);
  return rules;
}

NumberRanges own_ports(const InterceptionPlan& plan) {
  return merged({{kAdminPort, kAdminPort},
                 {kHealthPort, kHealthPort},
                 {plan.inbound_port, plan.inbound_port},
                 {plan.outbound_port, plan.outbound_port}});
}

std::optional<Address> probe_target(const InterceptionPlan& plan, IpVersion version) {
  static constexpr std::array<std::string_view, 3> kV4 = {"192.0.2.1", "198.51.100.1", "203.0.113.1"};
  static constexpr std::array<std::string_view, 3> kV6 = {"2001:db8::1", "2001:db8:ffff::1", "2001:db8:8000::1"};
  auto port = probe_port(plan);
  if (!port || (version == IpVersion::kV6 && !plan.ipv6)) return std::nullopt;
  for (std::string_view ip : version == IpVersion::kV4 ? kV4 : kV6) {
    auto address = Address::from_ip(ip, *port);
    bool skipped = std::any_of(plan.skip_outbound_cidrs.begin(), plan.skip_outbound_cidrs.end(),
                               [&](const IpBlock& block) { return block.holds(*address); });
    if (!skipped) return *address;
  }
  return std::nullopt;
}

Result<void> can_probe_as(const InterceptionPlan& plan, uint32_t uid, uint32_t gid) {
  std::string why;
  if (uid == plan.proxy_uid) why = str_cat("user ", std::to_string(uid), ", which is the sidecar's (--proxy-uid)");
  if (plan.proxy_gid == gid) why = str_cat("group ", std::to_string(gid), ", which is the sidecar's (--proxy-gid)");
  if (contains(plan.skip_uids, uid)) why = str_cat("user ", std::to_string(uid), ", which --skip-uids leaves alone");
  if (why.empty()) return {};
  return make_error(Reason::kConfigInvalid, str_cat("heddle-init runs as ", why,
                                                    ": it cannot see whether the application's connections are "
                                                    "redirected. Next: run it as another user, as 65534"));
}
}  // namespace heddle
