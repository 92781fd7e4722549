// other_replicas(): who the other control planes are, of all records that are kept somewhere. Pure.
#pragma once
#include <optional>
#include <vector>

#include "control/replicas/replica_record.h"

namespace heddle {
struct KeptReplica {
  std::string key;                      // of the record
  std::optional<ReplicaRecord> record;  // nothing: it cannot be read
  int64_t order = 0;                    // who came later has more
};
// The others, by address. Of several with one address and one name only the newest is alive; one with ours and our name
// is what ran here before. Of several names with one address, ours among them, all but the newest are somewhere else
// (--watch is 127.0.0.1 by default): they cannot be reached. A record that cannot be read stands for a control plane
// that cannot be reached: its address is not set and its name is the key.
std::vector<ReplicaRecord> other_replicas(const std::vector<KeptReplica>&, const ReplicaRecord& own);
}  // namespace heddle
