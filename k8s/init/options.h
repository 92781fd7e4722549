// Options of heddle-init: the command line -> a plan and what to do with it. Pure. What is wrong is refused with the
// name of the option and what was expected of it.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "k8s/init/interception_plan.h"

namespace heddle {
enum class InitAction : uint8_t {
  kInstall,  // load the rules, then the self-check
  kCheck,    // the self-check of rules that are there
  kRemove,
  kPrint,  // the text, without touching anything
};
enum class InitMode : uint8_t { kAuto, kNftables, kIptables, kIptablesNft, kIptablesLegacy };
enum class Ipv6Mode : uint8_t { kAuto, kOn, kOff };

struct InitOptions {
  InterceptionPlan plan;  // plan.ipv6 is decided by resolve_ipv6()
  InitAction action = InitAction::kInstall;
  InitMode mode = InitMode::kAuto;
  Ipv6Mode ipv6 = Ipv6Mode::kAuto;
  bool check = true;  // after kInstall
};

struct ParsedInitOptions {
  InitOptions options;
  // What main() does instead: usage error (exit 2), --help and --version (exit 0).
  std::optional<std::string> text;
  int code = 0;
};
ParsedInitOptions parse_init_options(int argc, const char* const* argv);

// Sets plan.ipv6; refuses --ipv6=on where the kernel has no IPv6.
Result<void> resolve_ipv6(InitOptions&, bool kernel_has_ipv6);
}  // namespace heddle
