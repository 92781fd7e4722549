// `heddle-proxy await` and `heddle-proxy quit`: commands of a pod, which may have no shell and no curl. await asks the
// health address of the sidecar beside it until it is ready: a postStart hook, after which the application's container
// starts. quit asks it, by its admin socket, to drain and end: what a Job without native sidecars calls last. Each runs
// a loop of its own.
#pragma once
#include <optional>
#include <string>

#include "lib/base/clock.h"
#include "lib/rpc/message.h"

namespace heddle {
struct AwaitOptions {
  Duration timeout = 60s;
  std::string health;  // --health, HEDDLE_HEALTH_ADDRESS; empty: that of `config`
  std::string config;  // --config, HEDDLE_CONFIG; empty: kPodHealthAddress
};
inline constexpr std::string_view kPodHealthAddress = "127.0.0.1:15020";

// What the sidecar waits for, in one line; empty: it is ready.
std::string missing_of(const Result<RpcResponse>& readyz);
// Where it is asked: loopback where it listens on every address. kConfigInvalid: it has no health address.
Result<Address> health_address(const AwaitOptions&);

// The exit code, if the command line says `await` or `quit` first: 1 when the time is over or no sidecar answers, 2 for
// usage.
std::optional<int> run_await_command(int argc, const char* const* argv);
}  // namespace heddle
