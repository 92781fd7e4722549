// NodeRegistry: the sidecars this replica knows: who they are, what they run, what they refused. Fed by the watch hub,
// read by `heddle status`. A sidecar is (identity, node name, instance): two processes that were given one name are two
// rows while both are connected. One that left stays listed for a while, unless its name is there again. Bounded.
// Lives on the control loop; never decides anything.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/api/watch_messages.h"

namespace heddle {
struct NodeKey {
  std::string identity;
  std::string node;
  std::string instance{};  // of the process; empty: it said none, or whichever has the name
  NodeKey name() const { return {identity, node}; }
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
};

struct NodeProgress {
  NodeState state = NodeState::kSyncing;
  std::optional<Version> acked{};
  std::optional<Version> runs{};
  bool is_affected = false;
};

class NodeRegistry {
 public:
  static constexpr size_t kMaxGone = 10'000;
  static constexpr Duration kKeepGone = 10min;
  // The newest connection of a sidecar is the one that counts.
  using ConnectionId = uint64_t;

  void on_hello(ConnectionId, const NodeKey&, const WatchHello&, WallTime now);
  void set_peer(ConnectionId, const NodeKey&, std::string_view address, std::string_view serial);
  void on_gone(ConnectionId, const NodeKey&, WallTime now);
  // Nothing happens when a newer connection took over.
  void on_progress(ConnectionId, const NodeKey&, const NodeProgress&, WallTime now);
  void on_nack(ConnectionId, const NodeKey&, const WatchNack&, WallTime now);
  void on_report(ConnectionId, const NodeKey&, const WatchReport&, WallTime now);
  void on_trust(ConnectionId, const NodeKey&, const WatchTrustInUse&, WallTime now);
  // Drops who has been gone for kKeepGone, and the oldest above kMaxGone.
  void forget_gone(WallTime now);

  std::vector<NodeStatus> rows() const;  // sorted by key
  // f(const NodeStatus&), in that order, without copies.
  template <class F>
  void for_each(F&& f) const {
    for (const auto& [key, row] : rows_) f(row.status);
  }
  const NodeStatus* find(const NodeKey&) const;
  // Its newest connection, open or gone; 0: it is not known.
  ConnectionId connection_of(const NodeKey&) const;
  size_t size() const noexcept { return rows_.size(); }

 private:
  struct Row {
    ConnectionId connection = 0;
    NodeStatus status;
  };
  NodeStatus* row(ConnectionId, const NodeKey&, WallTime now);
  void forget_gone_twins(const NodeKey&);
  bool has_connected_twin(const NodeKey&) const;
  std::map<NodeKey, Row> rows_;
};
}  // namespace heddle
