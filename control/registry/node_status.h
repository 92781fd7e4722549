// NodeStatus: what is known of one sidecar, and ReplicaSight: of another control plane. Values.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/translate/node_view.h"

namespace heddle {
struct NodeKey {
  std::string identity;
  std::string node;
  std::string instance{};  // of the process; empty: it said none, or whichever has the name
  NodeKey name() const { return {identity, node}; }
  bool has_name_of(const NodeKey& other) const { return identity == other.identity && node == other.node; }
  auto operator<=>(const NodeKey&) const = default;
};

enum class NodeState : uint8_t {
  kSyncing,  // connected, nothing acknowledged yet
  kLive,     // runs the newest version of its scope
  kBehind,   // connected, runs an older one
  kRefused,  // refused what it was sent and keeps what it had
  kGone,
  kExpired,  // its certificate ran out: it needs a new join token (set by status only)
};
std::string_view to_text(NodeState) noexcept;

struct NodeStatus {
  NodeKey key;
  NodeState state = NodeState::kSyncing;
  bool is_connected = true;
  std::string address{};  // where its newest connection came from
  std::string serial{};   // of the certificate it showed then
  std::string software;
  std::vector<std::string> features;
  std::optional<Version> acked;
  std::optional<Version> runs;  // newest version whose content equals what it holds
  WallTime connected;
  WallTime last_seen;
  WallTime behind_since;            // while kBehind or kRefused
  std::optional<WatchNack> nack{};  // while kRefused
  WatchReport report{};
  bool is_affected = false;                  // what is staged changes, or would change, its scope
  std::optional<WatchTrustInUse> trust{};    // as it said since it connected
  std::optional<WallTime> svid_not_after{};  // of its newest certificate, where that is known
  std::string replica{};                     // name of the control plane it is connected to; empty: this one
  // Who it is and what it asks for, as it said last; nullptr: not known.
  std::shared_ptr<const NodeRequest> request{};
  uint64_t request_change = 0;  // of ours: another number with each change of it
};

// What is known of another control plane.
struct ReplicaSight {
  std::string name;
  bool is_heard = false;                   // its sidecars are told to us now
  WallTime since;                          // of that
  Version newest;                          // its store's; its live sidecars run it
  size_t connected = 0;                    // sidecars
  std::optional<WatchTrustInUse> trust{};  // what it uses itself, as it said last
};

struct NodeProgress {
  NodeState state = NodeState::kSyncing;
  std::optional<Version> acked{};
  std::optional<Version> runs{};
  bool is_affected = false;
};
}  // namespace heddle
