// One connection of the self-check: to `target`, expected at the sidecar's port on loopback. Blocking.
#pragma once
#include <optional>
#include <string>

#include "lib/base/address.h"
#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace heddle {
enum class ProbeOutcome : uint8_t {
  kArrived,
  kNoRoute,     // nothing leaves this pod to there, redirected or not
  kNoLoopback,  // no ::1 to listen on: what is redirected is refused
};

class ProbeConnection {
 public:
  ProbeConnection(Address target, uint16_t port) : target_(std::move(target)), port_(port) {}
  // An error where the connection does not come, or not from here, or without its destination.
  Result<ProbeOutcome> run();

 private:
  Result<ProbeOutcome> listen_here();
  Result<ProbeOutcome> dial();
  Result<ProbeOutcome> wait_for_it();
  Result<bool> take_one();
  Error did_not_come(const std::string& why) const;
  Address target_;
  uint16_t port_;
  UniqueFd listener_;
  UniqueFd dialled_;
};

// The name of the interface by which packets to `target` leave; nothing where there is no route.
std::optional<std::string> interface_towards(const Address& target);
}  // namespace heddle
