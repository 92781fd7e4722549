#include "k8s/init/iptables_text.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kInbound = "HEDDLE_INBOUND";
constexpr std::string_view kOutbound = "HEDDLE_OUTBOUND";
// Of the module multiport: so many ports in one rule, a range counts as two.
constexpr size_t kPortSlots = 15;

std::vector<std::string> port_matches(const NumberRanges& ports) {
  std::vector<NumberRanges> groups;
  size_t used = kPortSlots;
  for (const NumberRange& range : ports) {
    size_t cost = range.first == range.last ? 1 : 2;
    if (used + cost > kPortSlots) {
      groups.emplace_back();
      used = 0;
    }
    groups.back().push_back(range);
    used += cost;
  }
  std::vector<std::string> out;
  out.reserve(groups.size());
  for (const NumberRanges& group : groups)
    out.push_back(str_cat("-p tcp -m multiport --dports ", to_text(group, ",", ":")));
  return out;
}

std::vector<std::string> owner_matches(std::string_view option, const NumberRanges& ids) {
  std::vector<std::string> out;
  out.reserve(ids.size());
  for (const NumberRange& id : ids) out.push_back(str_cat("-m owner ", option, " ", to_text({id}, ",", "-")));
  return out;
}

std::vector<std::string> block_matches(const InterceptionRule& rule, IpVersion version) {
  std::vector<std::string> out;
  for (const IpBlock& block : of_version(rule.blocks, version))
    out.push_back(str_cat(rule.chain == InterceptionRule::Chain::kInbound ? "-s " : "-d ", block.text()));
  return out;
}

std::vector<std::string> interface_matches(const InterceptionRule& rule) {
  std::vector<std::string> out;
  out.reserve(rule.interfaces.size());
  for (const std::string& name : rule.interfaces)
    out.push_back(str_cat(rule.chain == InterceptionRule::Chain::kInbound ? "-i " : "-o ", name));
  return out;
}

// One for each line that the rule is; none where it is about the other IP version.
std::vector<std::string> matches(const InterceptionRule& rule, IpVersion version) {
  if (!rule.interfaces.empty()) return interface_matches(rule);
  if (!rule.uids.empty()) return owner_matches("--uid-owner", rule.uids);
  if (!rule.gids.empty()) return owner_matches("--gid-owner", rule.gids);
  if (!rule.ports.empty()) return port_matches(rule.ports);
  if (!rule.blocks.empty()) return block_matches(rule, version);
  if (rule.every_ipv6) return {};  // no table of IPv6 is made
  return {"-p tcp"};
}

std::string_view chain_of(const InterceptionRule& rule) {
  return rule.chain == InterceptionRule::Chain::kInbound ? kInbound : kOutbound;
}

std::string lines(const InterceptionRule& rule, IpVersion version) {
  std::string target =
      rule.redirect_to == 0 ? std::string("RETURN") : str_cat("REDIRECT --to-ports ", std::to_string(rule.redirect_to));
  std::string out;
  for (const std::string& match : matches(rule, version))
    out += str_cat("-A ", chain_of(rule), " ", match, " -m comment --comment ", rule.name, " -j ", target, "\n");
  return out;
}

bool is_jump(std::string_view line) {
  if (!line.starts_with("-A ") || line.starts_with("-A HEDDLE_")) return false;
  return line.ends_with(str_cat("-j ", kInbound)) || line.ends_with(str_cat("-j ", kOutbound));
}

std::string without_jumps(std::string_view listing) {
  std::string out;
  for (std::string_view line : split(listing, '\n'))
    if (is_jump(trim(line))) out += str_cat("-D ", trim(line).substr(3), "\n");
  return out;
}
}  // namespace

std::string iptables_text(const InterceptionPlan& plan, IpVersion version, std::string_view listing) {
  std::string out = str_cat("*nat\n:", kInbound, " - [0:0]\n:", kOutbound, " - [0:0]\n", without_jumps(listing));
  out += str_cat("-A PREROUTING -p tcp -m comment --comment heddle/jump/in -j ", kInbound, "\n");
  out += str_cat("-A OUTPUT -p tcp -m comment --comment heddle/jump/out -j ", kOutbound, "\n");
  for (const InterceptionRule& rule : rules_of(plan)) out += lines(rule, version);
  return out + "COMMIT\n";
}

std::string iptables_removal_text(std::string_view listing) {
  std::string out;
  for (std::string_view chain : {kInbound, kOutbound})
    if (listing.find(str_cat(":", chain, " ")) != std::string_view::npos)
      out += str_cat("-F ", chain, "\n-X ", chain, "\n");
  if (out.empty()) return out;
  return str_cat("*nat\n", without_jumps(listing), out, "COMMIT\n");
}
}  // namespace heddle
