// EtcdMirrorLoader: reads all keys below a prefix as they were at one revision, page by page. Where that revision is
// compacted meanwhile it starts over; a page that is too large is asked for in smaller ones. Control loop.
#pragma once
#include "control/store/etcd_client.h"
#include "control/store/etcd_mirror_state.h"

namespace heddle {
struct EtcdMirrorLoaded {
  EtcdMirrorRecords records;  // all, by the key without the prefix
  int64_t revision = 0;
  uint64_t cluster_id = 0;
};

class EtcdMirrorLoader final : public Operation {
 public:
  static constexpr uint32_t kPage = 500;  // keys
  using Done = EtcdClient::Done<EtcdMirrorLoaded>;
  // kTooLarge: more than so many records.
  EtcdMirrorLoader(EtcdClient&, std::string prefix, size_t max_records);
  // `done` runs once, from the loop, and may destroy this.
  void start(Done);

 private:
  static constexpr int kTries = 10;
  static constexpr uint32_t kShrink = 8;
  void read_page();
  void take(EtcdRangeAnswer);
  void on_failed(Error);
  void finish(Result<EtcdMirrorLoaded>);
  EtcdClient& client_;
  std::string prefix_;
  size_t max_records_;
  uint32_t page_ = kPage;
  int tries_ = 0;
  std::string next_;  // key
  EtcdMirrorLoaded out_;
  Done done_;
  Pending call_;
};
}  // namespace heddle
