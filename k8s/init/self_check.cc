#include "k8s/init/self_check.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "k8s/init/probe_connection.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string_view version_name(IpVersion version) { return version == IpVersion::kV4 ? "IPv4" : "IPv6"; }

bool leaves_by_skipped(const InterceptionPlan& plan, const Address& target) {
  auto name = interface_towards(target);
  return name &&
         std::find(plan.skip_interfaces.begin(), plan.skip_interfaces.end(), *name) != plan.skip_interfaces.end();
}

Result<std::string> probe(const InterceptionPlan& plan, IpVersion version) {
  auto target = probe_target(plan, version);
  std::string name(version_name(version));
  if (!target) return name + ": not tried, the options leave alone all that could be tried";
  if (leaves_by_skipped(plan, *target)) return name + ": not tried, it leaves by an interface that is skipped";
  ProbeConnection connection(*target, plan.outbound_port);
  HEDDLE_TRY(ProbeOutcome outcome, connection.run());
  if (outcome == ProbeOutcome::kNoRoute) return str_cat(name, ": not tried, there is no route to ", target->text());
  if (outcome == ProbeOutcome::kNoLoopback)
    return name + ": not tried, there is no ::1 here; what is redirected is refused";
  return str_cat(name, ": a connection to ", target->text(), " came to port ", std::to_string(plan.outbound_port));
}

Error rules_differ(Error error, const RuleLoader& loader) {
  error.detail =
      str_cat(error.detail, " (", loader.name(),
              "). Next: run heddle-init again with the options of this pod; if a rule goes missing again, look "
              "who else writes rules here");
  return error;
}
}  // namespace

Result<std::vector<std::string>> check_rules_work(RuleLoader& loader, const InterceptionPlan& plan) {
  HEDDLE_CHECK_OK(can_probe_as(plan, geteuid(), getegid()));
  HEDDLE_TRY(RuleNames found, loader.found());
  auto same = compare_rules(loader.expected(plan), found);
  if (!same) return rules_differ(std::move(same).error(), loader);
  std::vector<std::string> lines = {str_cat(loader.name(), ": ", std::to_string(found.size()), " rules are in place")};
  for (IpVersion version : {IpVersion::kV4, IpVersion::kV6}) {
    if (version == IpVersion::kV6 && !plan.ipv6) continue;
    HEDDLE_TRY(std::string line, probe(plan, version));
    lines.push_back(std::move(line));
  }
  return lines;
}

bool kernel_has_ipv6() { return static_cast<bool>(UniqueFd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0))); }
}  // namespace heddle
