// EtcdSnapshotter: writes all resources of one version as a snapshot, unless another process did so lately, and then
// trims what no history needs any more: transactions, snapshots and parts before the newest snapshot that is older than
// the history. Trimming is safe at any time and by anybody: it depends on that snapshot still being there. Control
// loop.
#pragma once
#include "control/store/etcd_transfer.h"

namespace heddle {
struct EtcdSnapshotPlan {
  View view;           // what to write
  std::string writer;  // of this version
  uint64_t every = 256;
  uint64_t history = 1000;
};

class EtcdSnapshotter final : public Operation {
 public:
  using Done = EtcdClient::Done<uint64_t>;  // sequence of the newest snapshot
  EtcdSnapshotter(EtcdClient&, const EtcdKeys&, EtcdSnapshotPlan);
  void start(Done);

 private:
  void take_newest(const EtcdRangeAnswer&);
  void write();
  void write_record();
  void look_for_base();
  void trim_before(uint64_t base);
  uint64_t sequence_of(const EtcdKeyValue&) const;
  void finish(Result<uint64_t>);
  EtcdClient& client_;
  const EtcdKeys& keys_;
  EtcdSnapshotPlan plan_;
  EtcdRecord record_;
  Done done_;
  Pending call_;
};

// The newest of these sequences (ascending) that the history does not reach behind; 0: none.
uint64_t etcd_trim_base(const std::vector<uint64_t>& snapshots, uint64_t newest, uint64_t history);
}  // namespace heddle
