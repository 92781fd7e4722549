// `heddle-proxy drain`: tells the sidecar that runs beside it, by its admin socket, that it will end, and may wait
// until others have let go of it: a preStop hook without a shell. Runs a loop of its own.
#pragma once
#include <optional>
#include <string>

#include "lib/base/address.h"
#include "lib/base/clock.h"

namespace heddle {
struct DrainOptions {
  bool wait = false;
  Duration within = 25s;
  std::string socket;  // --socket, HEDDLE_ADMIN_SOCKET; empty: that of `config`
  std::string config;  // --config, HEDDLE_CONFIG; empty: kPodAdminSocket
};
inline constexpr std::string_view kPodAdminSocket = "/var/run/heddle/admin.sock";

// The exit code, if the command line says `drain` first: 0 also at the deadline, 1 without a sidecar, 2 for usage.
std::optional<int> run_drain_command(int argc, const char* const* argv);
}  // namespace heddle
