#include "k8s/init/nft_text.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
// A table is deleted only where it is, so it is made first.
constexpr char kGone[] = "add table inet heddle\ndelete table inet heddle\n";

std::string set_of(const std::string& members) { return str_cat("{ ", members, " } "); }

std::string interface_names(const std::vector<std::string>& interfaces) {
  std::vector<std::string> names;
  names.reserve(interfaces.size());
  for (const std::string& name : interfaces) names.push_back(str_cat("\"", name, "\""));
  return join(names, ", ");
}

std::string block_names(const IpBlocks& blocks) {
  std::vector<std::string> names;
  names.reserve(blocks.size());
  for (const IpBlock& block : blocks) names.push_back(block.text());
  return join(names, ", ");
}

std::string verdict(const InterceptionRule& rule) {
  std::string what = rule.redirect_to == 0 ? "return" : str_cat("redirect to :", std::to_string(rule.redirect_to));
  return str_cat(what, " comment \"", rule.name, "\"\n");
}

std::string match(const InterceptionRule& rule, bool inbound) {
  if (!rule.interfaces.empty())
    return str_cat(inbound ? "iifname " : "oifname ", set_of(interface_names(rule.interfaces)));
  if (!rule.uids.empty()) return str_cat("meta skuid ", set_of(to_text(rule.uids, ", ", "-")));
  if (!rule.gids.empty()) return str_cat("meta skgid ", set_of(to_text(rule.gids, ", ", "-")));
  if (!rule.ports.empty()) return str_cat("tcp dport ", set_of(to_text(rule.ports, ", ", "-")));
  if (rule.every_ipv6) return "meta nfproto ipv6 ";
  return "meta l4proto tcp ";
}

// A rule of blocks is one for each IP version.
std::string lines(const InterceptionRule& rule) {
  bool inbound = rule.chain == InterceptionRule::Chain::kInbound;
  if (rule.blocks.empty()) return str_cat("    ", match(rule, inbound), verdict(rule));
  std::string out;
  for (IpVersion version : {IpVersion::kV4, IpVersion::kV6}) {
    IpBlocks blocks = of_version(rule.blocks, version);
    if (blocks.empty()) continue;
    out += str_cat("    ", version == IpVersion::kV4 ? "ip " : "ip6 ", inbound ? "saddr " : "daddr ",
                   set_of(block_names(blocks)), verdict(rule));
  }
  return out;
}

std::string chain(const std::vector<InterceptionRule>& rules, InterceptionRule::Chain which, std::string_view name,
                  std::string_view hook) {
  std::string out = str_cat("  chain ", name, " {\n    type nat hook ", hook, " priority -100; policy accept;\n");
  for (const InterceptionRule& rule : rules)
    if (rule.chain == which) out += lines(rule);
  return out + "  }\n";
}
}  // namespace

std::string nft_text(const InterceptionPlan& plan) {
  auto rules = rules_of(plan);
  return str_cat(kGone, "table inet heddle {\n",
                 chain(rules, InterceptionRule::Chain::kInbound, "inbound", "prerouting"),
                 chain(rules, InterceptionRule::Chain::kOutbound, "outbound", "output"), "}\n");
}

std::string nft_removal_text() { return kGone; }
std::string nft_listing_command() { return "list table inet heddle\n"; }
}  // namespace heddle
