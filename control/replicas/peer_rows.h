// PeerRows: what to tell another control plane of our sidecars: a cursor that remembers a fingerprint of each row it
// told, not a queue. What changes with each request of a sidecar (its report) is told at most each kReports, when a
// sidecar was seen last only along with something else. Owned by one stream; pure.
#pragma once
#include <map>

#include "control/registry/node_registry.h"

namespace heddle {
class PeerRows {
 public:
  static constexpr Duration kReports = 5s;

  // The lines of what has changed since the last call: rows, rows that are no more, and the newest version (of the
  // store, or what our live sidecars still run). All that is told at the first call ends with a newest.
  std::vector<std::string> take(const NodeRegistry&, Version store, MonoTime now);

 private:
  struct Told {
    uint64_t row = 0;
    uint64_t report = 0;
    MonoTime reported;
    uint64_t round = 0;  // in which it was seen last
  };
  bool is_due(Told&, const NodeStatus&, MonoTime now) const;
  std::map<NodeKey, Told> told_;
  std::optional<Version> newest_;
  uint64_t round_ = 0;
};
}  // namespace heddle
