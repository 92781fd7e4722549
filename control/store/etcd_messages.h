// etcd's API v3 as values: what we ask, and what the JSON gateway (`POST /v3/...`, etcd 3.4 and later) answers. Keys
// and values travel as base64, 64-bit numbers as strings, and fields that are zero, false or empty are left out.
// Reading is strict about what it reads; fields of newer etcds are passed over. Pure values, no loop.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/json.h"

namespace heddle {
inline constexpr size_t kMaxEtcdAnswer = 32 << 20;  // bytes; we ask for pages that are smaller

struct EtcdHeader {
  uint64_t cluster_id = 0;
  int64_t revision = 0;
};

struct EtcdKeyValue {
  std::string key;
  std::string value;
  int64_t create_revision = 0;
  int64_t mod_revision = 0;
  int64_t lease = 0;
};

struct EtcdRange {
  std::string key;
  std::string end{};          // empty: the one key; else up to it, exclusive
  uint32_t limit = 0;         // 0: all
  bool newest_first = false;  // descending by key
  bool keys_only = false;
  int64_t revision = 0;  // as everything was then; 0: now
};
struct EtcdPut {
  std::string key;
  std::string value;
  int64_t lease = 0;
};
struct EtcdDelete {
  std::string key;
  std::string end{};
};
using EtcdOperation = std::variant<EtcdRange, EtcdPut, EtcdDelete>;

struct EtcdCompare {
  enum class Target : uint8_t { kModRevision, kCreateRevision };
  enum class Is : uint8_t { kEqual, kGreater };
  Target target = Target::kModRevision;
  std::string key;
  Is is = Is::kEqual;
  int64_t revision = 0;  // 0 is that of a key which does not exist
};
struct EtcdTransaction {
  std::vector<EtcdCompare> compare;
  std::vector<EtcdOperation> success;
  std::vector<EtcdOperation> failure{};
};
struct EtcdWatchRequest {
  std::string key;
  int64_t start_revision = 0;
  std::string end{};  // empty: the one key; else up to it, exclusive
};

struct EtcdRangeAnswer {
  EtcdHeader header;
  std::vector<EtcdKeyValue> found;
  bool more = false;
};
struct EtcdTransactionAnswer {
  EtcdHeader header;
  bool succeeded = false;
  std::vector<EtcdRangeAnswer> answers;  // one per operation that was run; empty for what is no range
};
struct EtcdLeaseAnswer {
  int64_t id = 0;
  Duration ttl{};  // 0: it is gone
};
struct EtcdStatus {
  std::string version;
  uint64_t leader = 0;  // 0: none is known
  int64_t db_bytes = 0;
};
struct EtcdWatchAnswer {
  struct Event {
    bool is_delete = false;
    EtcdKeyValue now;
  };
  EtcdHeader header;
  bool created = false;
  bool canceled = false;
  int64_t compact_revision = 0;  // not 0: what was asked for is compacted
  std::string cancel_reason;
  std::vector<Event> events;
};

// What etcd said instead of an answer.
struct EtcdError {
  uint16_t status = 0;  // HTTP
  int code = 0;         // gRPC; 0: it said none
  std::string message;
  bool is_unauthenticated() const;  // the token is unknown or too old: authenticate again
  bool is_member_at_fault() const;  // another member may answer: no leader, timed out, going away
  bool is_full() const;             // the whole cluster takes nothing new: its quota is used up (alarm NOSPACE)
  Error to_error() const;
};

// The end of the range of all keys that start with `prefix` (not empty, its last byte not 0xff).
std::string etcd_prefix_end(std::string_view prefix);

std::string encode(const EtcdRange&);
std::string encode(const EtcdPut&);
std::string encode(const EtcdTransaction&);
std::string encode(const EtcdWatchRequest&);
std::string encode_lease_grant(Duration ttl);
std::string encode_lease_id(int64_t id);
std::string encode_compaction(int64_t revision);
std::string encode_authenticate(std::string_view name, std::string_view password);

Result<EtcdHeader> decode_header(const JsonValue&);  // of an answer that says nothing else
Result<EtcdRangeAnswer> decode_range(const JsonValue&);
Result<EtcdTransactionAnswer> decode_transaction(const JsonValue&);
Result<EtcdLeaseAnswer> decode_lease(const JsonValue&);       // of grant
Result<EtcdLeaseAnswer> decode_keep_alive(const JsonValue&);  // has a "result" around it
Result<EtcdStatus> decode_status(const JsonValue&);
Result<std::string> decode_token(const JsonValue&);
// One line of a watch; an error in the midst of the stream is the Error.
Result<EtcdWatchAnswer> decode_watch(std::string_view line);
// Of any answer but 200; what is no JSON gives code 0 and its first bytes.
EtcdError decode_etcd_error(uint16_t status, std::string_view body);
}  // namespace heddle
