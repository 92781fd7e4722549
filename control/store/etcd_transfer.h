// Moving bodies and logs to and from etcd in requests of bounded size, one after the other. Each is an Operation: its
// `done` runs once, from the loop, and may destroy it. They write nothing that a reader looks at before the record that
// names it. Control loop; the client and the keys outlive them.
#pragma once
#include "control/store/etcd_client.h"
#include "control/store/etcd_records.h"

namespace heddle {
// Writes the parts of a body; the record that names them is the caller's.
class EtcdPartsWriter final : public Operation {
 public:
  using Done = EtcdClient::Done<void>;
  EtcdPartsWriter(EtcdClient&, const EtcdKeys&, EtcdRecord, bool is_snapshot, std::string body);
  // At least one part.
  void start(Done);

 private:
  void next();
  EtcdClient& client_;
  const EtcdKeys& keys_;
  EtcdRecord record_;
  bool is_snapshot_;
  std::string body_;
  size_t at_ = 0;
  Done done_;
  Pending call_;
};

// Reads the parts of a body. kNotFound: they were trimmed meanwhile.
class EtcdPartsReader final : public Operation {
 public:
  using Done = EtcdClient::Done<std::string>;
  EtcdPartsReader(EtcdClient&, const EtcdKeys&, EtcdRecord, bool is_snapshot);
  void start(Done);

 private:
  static constexpr uint32_t kPage = 8;
  void next();
  void finish(Result<std::string>);
  EtcdClient& client_;
  const EtcdKeys& keys_;
  EtcdRecord record_;
  bool is_snapshot_;
  std::string body_;
  size_t at_ = 0;
  Done done_;
  Pending call_;
};

// Reads the transactions `from` to `to`, both included. kNotFound: one of them was trimmed meanwhile.
class EtcdLogReader final : public Operation {
 public:
  using Entries = std::vector<EtcdEntry>;
  using Done = EtcdClient::Done<Entries>;
  EtcdLogReader(EtcdClient&, const EtcdKeys&, uint64_t from, uint64_t to);
  void start(Done);

 private:
  static constexpr uint32_t kPage = 16;
  void next_page();
  void take_page(EtcdRangeAnswer);
  void step();
  Result<void> add(EtcdRecord, std::string_view body);
  void finish(Result<Entries>);
  EtcdClient& client_;
  const EtcdKeys& keys_;
  uint64_t next_;
  uint64_t to_;
  std::vector<EtcdKeyValue> page_;
  size_t in_page_ = 0;
  Entries entries_;
  Done done_;
  Pending call_;
};
}  // namespace heddle
