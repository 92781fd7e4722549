// ReplicaSource: who the control planes of the mesh are, wherever each keeps a record of itself for as long as it
// lives: EtcdReplicaSet, KubeReplicaSet. While that place does not answer the set stays as it was. Control loop.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "control/replicas/replica_record.h"
#include "lib/base/clock.h"
#include "lib/base/operation.h"

namespace heddle {
class ReplicaSource {
 public:
  virtual ~ReplicaSource() = default;
  // As other_replicas() tells them.
  virtual const std::vector<ReplicaRecord>& others() const = 0;
  // Whether it is known who they are; until then waits do not know of them either.
  virtual bool is_loaded() const = 0;
  // Who says so: "etcd"; and what it says instead, while the last question failed.
  virtual std::string_view place() const = 0;
  virtual std::optional<Error> trouble() const = 0;
  // Called from the loop, never inside a call, when others() may have changed.
  virtual void set_on_change(Task on_change) = 0;
  // There may be another one: a source that only looks now and then looks now.
  virtual void look_soon() {}
  // Our record goes: the others need not wait until it is old. `done` runs once, also when nobody answers. For good.
  [[nodiscard]] virtual Pending resign(Task done) = 0;
};
}  // namespace heddle
