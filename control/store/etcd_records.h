// What Heddle keeps in etcd (docs/adr/0023-etcd-store.md), as values and bytes:
//   <prefix>head                          EtcdHead: the newest version and who wrote it
//   <prefix>log/<sequence>                EtcdRecord: one transaction; its changes follow, or lie in parts
//   <prefix>snap/<sequence>               EtcdRecord: all resources at that version
//   <prefix>part/<sequence>/<writer>/<l|s>/<n>   1 MiB of the changes of a large transaction, or of a snapshot
// Sequences have 20 digits, so that the order of keys is the order of versions. Strict: another format, a missing field
// or a length that does not agree is kIo ("the store is damaged"). Pure.
#pragma once
#include "control/store/journal.h"

namespace heddle {
inline constexpr size_t kEtcdPartBytes = 1 << 20;      // etcd takes requests of at most 1.5 MiB
inline constexpr size_t kEtcdInlineBytes = 512 << 10;  // of a transaction that needs no parts

struct EtcdHead {
  Version version;
  std::string writer;  // process and count: no two attempts of anybody have the same
  bool operator==(const EtcdHead&) const = default;
};
std::string encode(const EtcdHead&);
Result<EtcdHead> decode_etcd_head(std::string_view value);

struct EtcdRecord {
  Version version;
  std::string writer;
  ChangeNote note;     // who made this version, when and why
  size_t bytes = 0;    // of the body
  std::string body{};  // here when it has at most kEtcdInlineBytes
  bool has_parts() const noexcept { return bytes > kEtcdInlineBytes; }
  size_t part_count() const noexcept { return has_parts() ? (bytes + kEtcdPartBytes - 1) / kEtcdPartBytes : 0; }
  // Of a body that is stored apart.
  std::string_view part(std::string_view whole_body, size_t n) const;
};
// With the body when it is short.
std::string encode(const EtcdRecord&);
Result<EtcdRecord> decode_etcd_record(std::string_view value);

std::string encode_etcd_changes(const std::vector<Change>&);
std::string encode_etcd_snapshot(const View&);
// Of either; snapshots hold no erasures.
Result<std::vector<ForeignEvent::Put>> decode_etcd_body(std::string_view body);

class EtcdKeys {
 public:
  explicit EtcdKeys(std::string prefix) : prefix_(std::move(prefix)) {}
  std::string head() const { return prefix_ + "head"; }
  std::string log(uint64_t sequence) const;
  std::string snap(uint64_t sequence) const;
  std::string snaps() const { return prefix_ + "snap/"; }
  // All parts before those of `sequence` start with less than this.
  std::string parts(uint64_t sequence) const;
  std::string parts(const EtcdRecord&, bool of_snapshot) const;
  std::string part(const EtcdRecord&, bool of_snapshot, size_t n) const;

 private:
  std::string prefix_;
};

// Rebuilds the state from a base and the transactions on top of it, oldest first.
struct EtcdEntry {
  EtcdRecord record;
  std::vector<ForeignEvent::Put> puts;
};
JournalState rebuild_etcd_state(View base, const std::vector<EtcdEntry>& entries, size_t history);
}  // namespace heddle
