#include "k8s/init/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr NumberRange kPorts{1, 65535};
constexpr NumberRange kIds{0, 4294967294};  // the last one means "no id" to the kernel
constexpr size_t kMostInterfaceName = 15;
constexpr char kExamples[] =
    "Examples:\n"
    "  heddle-init                                             redirect every TCP connection to the sidecar\n"
    "  heddle-init --skip-outbound-ports 3306,8000-8010        but those to these ports\n"
    "  heddle-init --print --mode iptables                     show the rules, load nothing\n"
    "  heddle-init --check                                     are the rules there, and do they work?\n"
    "  heddle-init --remove\n"
    "\n"
    "Exit codes: 0 done, 1 it did not work (the pod must not start), 2 wrong options.\n"
    "docs/interception.md says what is redirected and what to do when it fails.\n";

// As written; turned into values when all of it was read.
struct RawOptions {
  std::string inbound_port = "15006", outbound_port = "15001", proxy_uid = "2102", proxy_gid;
  std::string skip_inbound_ports, skip_outbound_ports, only_inbound_ports, only_outbound_ports;
  std::string skip_inbound_cidrs, skip_outbound_cidrs, skip_uids, skip_interfaces;
  std::string mode = "auto", ipv6 = "auto";
  bool remove = false, print = false, check = false, no_check = false;
};

Result<uint32_t> one_number(std::string_view what, const std::string& text, NumberRange allowed) {
  HEDDLE_TRY(NumberRanges ranges, parse_number_ranges(what, text, allowed));
  if (ranges.size() == 1 && ranges[0].first == ranges[0].last && text.find(',') == std::string::npos)
    return ranges[0].first;
  return make_error(Reason::kConfigInvalid, str_cat(what, ": ", heddle::in_quotes(text), ": expected one number"));
}

bool is_interface_name(std::string_view name) {
  constexpr std::string_view kOther = "_.@:-";
  return !name.empty() && name.size() <= kMostInterfaceName && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           char low = to_lower(c);
           return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || kOther.find(c) != std::string_view::npos;
         });
}

Result<std::vector<std::string>> parse_interfaces(const std::string& text) {
  std::vector<std::string> out;
  if (trim(text).empty()) return out;
  for (std::string_view part : split(text, ',')) {
    std::string name(trim(part));
    if (!is_interface_name(name))
      return make_error(Reason::kConfigInvalid, str_cat("--skip-interfaces: ", heddle::in_quotes(name),
                                                        ": expected the whole name of an interface, as eth1"));
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(std::move(name));
  }
  if (out.size() > kMaxInitEntries)
    return make_error(Reason::kConfigInvalid,
                      str_cat("--skip-interfaces: expected at most ", std::to_string(kMaxInitEntries), " names"));
  return out;
}

template <class Value>
Result<Value> one_of(std::string_view what, const std::string& text, const std::map<std::string, Value>& values) {
  auto found = values.find(text);
  if (found != values.end()) return found->second;
  std::vector<std::string> names;
  names.reserve(values.size());
  for (const auto& [name, value] : values) names.push_back(name);
  return make_error(Reason::kConfigInvalid,
                    str_cat(what, ": ", heddle::in_quotes(text), ": expected ", join(names, ", ")));
}

Result<void> read_numbers(const RawOptions& raw, InterceptionPlan& plan) {
  HEDDLE_TRY(uint32_t inbound, one_number("--inbound-port", raw.inbound_port, kPorts));
  HEDDLE_TRY(uint32_t outbound, one_number("--outbound-port", raw.outbound_port, kPorts));
  if (inbound == outbound)
    return make_error(Reason::kConfigInvalid, "--outbound-port: expected another port than --inbound-port");
  plan.inbound_port = static_cast<uint16_t>(inbound);
  plan.outbound_port = static_cast<uint16_t>(outbound);
  HEDDLE_TRY(plan.proxy_uid, one_number("--proxy-uid", raw.proxy_uid, kIds));
  if (plan.proxy_uid == 0)
    return make_error(
        Reason::kConfigInvalid,
        "--proxy-uid: \"0\": expected a user of the sidecar's own, for nothing of root's is redirected then");
  if (!raw.proxy_gid.empty()) {
    HEDDLE_TRY(plan.proxy_gid, one_number("--proxy-gid", raw.proxy_gid, kIds));
  }
  HEDDLE_TRY(plan.skip_uids, parse_number_ranges("--skip-uids", raw.skip_uids, kIds));
  return {};
}

Result<void> read_lists(const RawOptions& raw, InterceptionPlan& plan) {
  HEDDLE_TRY(plan.skip_inbound_ports, parse_number_ranges("--skip-inbound-ports", raw.skip_inbound_ports, kPorts));
  HEDDLE_TRY(plan.skip_outbound_ports, parse_number_ranges("--skip-outbound-ports", raw.skip_outbound_ports, kPorts));
  HEDDLE_TRY(plan.only_inbound_ports, parse_number_ranges("--only-inbound-ports", raw.only_inbound_ports, kPorts));
  HEDDLE_TRY(plan.only_outbound_ports, parse_number_ranges("--only-outbound-ports", raw.only_outbound_ports, kPorts));
  HEDDLE_TRY(plan.skip_inbound_cidrs, parse_ip_blocks("--skip-inbound-cidrs", raw.skip_inbound_cidrs));
  HEDDLE_TRY(plan.skip_outbound_cidrs, parse_ip_blocks("--skip-outbound-cidrs", raw.skip_outbound_cidrs));
  HEDDLE_TRY(plan.skip_interfaces, parse_interfaces(raw.skip_interfaces));
  return {};
}

Result<void> read_action(const RawOptions& raw, InitOptions& out) {
  if (int{raw.remove} + int{raw.print} + int{raw.check} + int{raw.no_check} > 1)
    return make_error(Reason::kConfigInvalid, "expected at most one of --remove, --print, --check and --no-check");
  if (raw.remove) out.action = InitAction::kRemove;
  if (raw.print) out.action = InitAction::kPrint;
  if (raw.check) out.action = InitAction::kCheck;
  out.check = !raw.no_check;
  HEDDLE_TRY(out.mode, one_of<InitMode>("--mode", raw.mode,
                                        {{"auto", InitMode::kAuto},
                                         {"nftables", InitMode::kNftables},
                                         {"iptables", InitMode::kIptables},
                                         {"iptables-nft", InitMode::kIptablesNft},
                                         {"iptables-legacy", InitMode::kIptablesLegacy}}));
  HEDDLE_TRY(out.ipv6, one_of<Ipv6Mode>("--ipv6", raw.ipv6,
                                        {{"auto", Ipv6Mode::kAuto}, {"on", Ipv6Mode::kOn}, {"off", Ipv6Mode::kOff}}));
  return {};
}

Result<InitOptions> read_options(const RawOptions& raw) {
  InitOptions out;
  HEDDLE_CHECK_OK(read_numbers(raw, out.plan));
  HEDDLE_CHECK_OK(read_lists(raw, out.plan));
  HEDDLE_CHECK_OK(read_action(raw, out));
  return out;
}

void add_plan_options(CLI::App& app, RawOptions& raw) {
  auto add = [&app](const char* name, std::string& value, const char* what, const char* type) {
    CLI::Option* option = app.add_option(name, value, what)->type_name(type);
    if (!value.empty()) option->capture_default_str();
  };
  add("--inbound-port", raw.inbound_port, "where the sidecar takes connections into the pod", "PORT");
  add("--outbound-port", raw.outbound_port, "where the sidecar takes connections of the application", "PORT");
  add("--proxy-uid", raw.proxy_uid, "the sidecar's user, whose connections are left alone", "UID");
  add("--proxy-gid", raw.proxy_gid, "the sidecar's group, likewise", "GID");
  add("--skip-inbound-ports", raw.skip_inbound_ports, "ports of the pod that are left alone, as 22,8000-8010", "PORTS");
  add("--skip-outbound-ports", raw.skip_outbound_ports, "ports elsewhere that are left alone", "PORTS");
  add("--only-inbound-ports", raw.only_inbound_ports, "no other ports of the pod than these are redirected", "PORTS");
  add("--only-outbound-ports", raw.only_outbound_ports, "no other ports elsewhere than these are redirected", "PORTS");
  add("--skip-inbound-cidrs", raw.skip_inbound_cidrs, "sources that are left alone, as 10.0.0.0/8,fd00::/8", "CIDRS");
  add("--skip-outbound-cidrs", raw.skip_outbound_cidrs, "destinations that are left alone", "CIDRS");
  add("--skip-uids", raw.skip_uids, "users whose connections are left alone", "UIDS");
  add("--skip-interfaces", raw.skip_interfaces, "interfaces that are left alone, as eth1,net1", "NAMES");
  add("--ipv6", raw.ipv6, "auto (where the kernel has it), on, off", "WHEN");
  add("--mode", raw.mode, "auto, nftables, iptables, iptables-nft, iptables-legacy", "MODE");
}

// CLI11 takes the next word for the value of `--name=`; an empty one is what the injector means by it.
std::vector<std::string> with_empty_values(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    bool empty_value = word.starts_with("--") && word.find('=') == word.size() - 1;
    if (empty_value) word.pop_back();
    words.push_back(std::move(word));
    if (empty_value) words.emplace_back();
  }
  return words;
}

ParsedInitOptions ends(int code, std::string text) {
  ParsedInitOptions out;
  out.text = std::move(text);
  out.code = code;
  return out;
}
}  // namespace

ParsedInitOptions parse_init_options(int argc, const char* const* argv) {
  constexpr char kUsage[] = "\nRun heddle-init --help for usage.\n";
  RawOptions raw;
  CLI::App app{"heddle-init: redirects a pod's connections to the sidecar of the Heddle service mesh", "heddle-init"};
  app.footer(kExamples);
  app.set_version_flag("--version", "heddle-init " HEDDLE_VERSION);
  add_plan_options(app, raw);
  app.add_flag("--remove", raw.remove, "take the rules out, whatever loaded them");
  app.add_flag("--print", raw.print, "print the rules and load nothing");
  app.add_flag("--check", raw.check, "only the self-check, of rules that were loaded with the same options");
  app.add_flag("--no-check", raw.no_check, "load the rules without the self-check");
  std::vector<std::string> words = with_empty_values(argc, argv);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    return ends(0, app.help());
  } catch (const CLI::CallForVersion&) {
    return ends(0, app.version() + "\n");
  } catch (const CLI::ParseError& error) {
    return ends(2, str_cat("heddle-init: ", error.what(), kUsage));
  }
  auto options = read_options(raw);
  if (!options) return ends(2, str_cat("heddle-init: ", options.error().detail, kUsage));
  ParsedInitOptions out;
  out.options = *std::move(options);
  return out;
}

Result<void> resolve_ipv6(InitOptions& options, bool kernel_has_ipv6) {
  if (options.ipv6 == Ipv6Mode::kOn && !kernel_has_ipv6)
    return make_error(Reason::kUnsupported,
                      "--ipv6=on: this kernel has no IPv6. Next: say --ipv6=auto, or boot it without ipv6.disable=1");
  options.plan.ipv6 = options.ipv6 != Ipv6Mode::kOff && kernel_has_ipv6;
  return {};
}
}  // namespace heddle
