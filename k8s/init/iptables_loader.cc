#include "k8s/init/iptables_loader.h"

#include "k8s/init/iptables_text.h"
#include "k8s/init/tool.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
// Seconds that a restore waits for somebody else's lock.
constexpr char kLockWait[] = "10";
constexpr size_t kMostTableNames = 4096;
}  // namespace

std::string IptablesLoader::program(IpVersion version, std::string_view what) const {
  std::string_view kind = std::string_view(name_).substr(std::string_view("iptables").size());
  return str_cat(version == IpVersion::kV6 ? "ip6tables" : "iptables", kind, "-", what);
}

Result<std::string> IptablesLoader::list(IpVersion version) const {
  HEDDLE_TRY(ToolAnswer answer, run_tool({program(version, "save"), "-t", "nat"}, ""));
  return std::move(answer.output);
}

Result<void> IptablesLoader::load(IpVersion version, const std::string& text) const {
  HEDDLE_CHECK_OK(run_tool({program(version, "restore"), "--noflush", "-w", kLockWait}, text));
  return {};
}

Result<void> IptablesLoader::install(const InterceptionPlan& plan, IpVersion version) const {
  HEDDLE_TRY(std::string listing, list(version));
  return load(version, iptables_text(plan, version, listing));
}

Result<void> IptablesLoader::install(const InterceptionPlan& plan) {
  HEDDLE_CHECK_OK(install(plan, IpVersion::kV4));
  if (plan.ipv6) {
    auto second = install(plan, IpVersion::kV6);
    if (second) return second;
    (void)remove(IpVersion::kV4);  // all or nothing; the error that is told is the first one
    return second;
  }
  if (ipv6_) (void)remove(IpVersion::kV6);  // of an earlier run; where it fails there is no table
  return {};
}

// To ask for a table of the legacy kind is to make it, and to load its modules into the kernel.
bool IptablesLoader::may_be_there(IpVersion version) const {
  if (!name_.ends_with("-legacy")) return true;
  auto tables = read_file(version == IpVersion::kV6 ? "/proc/net/ip6_tables_names" : "/proc/net/ip_tables_names",
                          kMostTableNames);
  return tables && str_cat("\n", *tables).find("\nnat\n") != std::string::npos;
}

Result<bool> IptablesLoader::remove(IpVersion version) const {
  if (!may_be_there(version)) return false;
  auto listing = list(version);
  if (!listing) return false;  // no program or no table: nothing of ours
  std::string text = iptables_removal_text(*listing);
  if (text.empty()) return false;
  HEDDLE_CHECK_OK(load(version, text));
  return true;
}

Result<bool> IptablesLoader::remove() {
  HEDDLE_TRY(bool v4, remove(IpVersion::kV4));
  if (!ipv6_) return v4;
  HEDDLE_TRY(bool v6, remove(IpVersion::kV6));
  return v4 || v6;
}

Result<RuleNames> IptablesLoader::found() {
  std::string all;
  for (IpVersion version : {IpVersion::kV4, IpVersion::kV6}) {
    if (!may_be_there(version) || (version == IpVersion::kV6 && !ipv6_)) continue;
    auto listing = list(version);
    if (listing) all += *listing;
  }
  return rule_names(all);
}

RuleNames IptablesLoader::expected(const InterceptionPlan& plan) const {
  std::string all = iptables_text(plan, IpVersion::kV4, "");
  if (plan.ipv6) all += iptables_text(plan, IpVersion::kV6, "");
  return rule_names(all);
}

std::string IptablesLoader::text(const InterceptionPlan& plan) const {
  std::string out =
      str_cat("# ", program(IpVersion::kV4, "restore"), " --noflush\n", iptables_text(plan, IpVersion::kV4, ""));
  if (!plan.ipv6) return out;
  return str_cat(out, "# ", program(IpVersion::kV6, "restore"), " --noflush\n",
                 iptables_text(plan, IpVersion::kV6, ""));
}
}  // namespace heddle
