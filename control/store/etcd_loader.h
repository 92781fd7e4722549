// EtcdLoader: reads everything: the head, the oldest snapshot that is kept, and the transactions after it, replayed
// into state and history. Where something is trimmed while it reads, it starts over. Control loop.
#pragma once
#include "control/store/etcd_transfer.h"

namespace heddle {
struct EtcdLoaded {
  JournalState state;
  EtcdHead head;              // its writer is empty: there is none yet
  int64_t head_revision = 0;  // mod_revision of the head; 0: there is none yet
  int64_t revision = 0;       // of etcd when the head was read: watch from the next one
  uint64_t cluster_id = 0;
};

class EtcdLoader final : public Operation {
 public:
  using Done = EtcdClient::Done<EtcdLoaded>;
  EtcdLoader(EtcdClient&, const EtcdKeys&, size_t history);
  void start(Done);

 private:
  static constexpr int kTries = 10;
  void read_head();
  Result<void> take_head(const EtcdRangeAnswer&);
  void read_snapshot();
  void take_snapshot(const EtcdRangeAnswer&);
  void take_base(const EtcdRecord&, std::string_view body);
  void read_log();
  void finish_with(std::vector<EtcdEntry>);
  void fail(Error);
  EtcdClient& client_;
  const EtcdKeys& keys_;
  size_t history_;
  int tries_ = 0;
  EtcdLoaded out_;
  View base_;
  Done done_;
  Pending call_;
};
}  // namespace heddle
