// ReplicaRecord: what a control plane says of itself for as long as it lives: in etcd below <prefix>replica/<id>, in a
// cluster in an annotation of its Lease.
// Pure.
#pragma once
#include <string>
#include <string_view>

#include "lib/base/address.h"
#include "lib/base/result.h"

namespace heddle {
struct ReplicaRecord {
  std::string id;        // of the process; 1 to 64 bytes
  std::string name;      // for people, "heddle-control-0"
  Address address;       // of its watch endpoint, where the others reach it
  std::string software;  // its version
  bool operator==(const ReplicaRecord&) const = default;
};

// {"id","name","address","software"}
std::string to_json(const ReplicaRecord&);
// kConfigInvalid names the field. Fields that are not known are skipped: a newer control plane may say more.
Result<ReplicaRecord> parse_replica_record(std::string_view json);
// Of the value that an EtcdLease keeps: "<mark> <json>".
Result<ReplicaRecord> parse_lease_value(std::string_view value);
}  // namespace heddle
