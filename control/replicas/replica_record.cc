#include "control/replicas/replica_record.h"

#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxRecord = 4096;
constexpr SizeRange kId{1, 64};
constexpr SizeRange kText{1, 253};
}  // namespace

std::string to_json(const ReplicaRecord& record) {
  std::string text;
  JsonWriter(text)
      .begin_object()
      .field("id", record.id)
      .field("name", record.name)
      .field("address", record.address.text())
      .field("software", record.software)
      .end_object();
  return text;
}

Result<ReplicaRecord> parse_replica_record(std::string_view json) {
  HEDDLE_TRY(JsonValue document, JsonValue::parse(json, kMaxRecord));
  Problems problems;
  JsonObject object(JsonReader(document, "replica", problems));
  ReplicaRecord out{object.string("id", kId), object.string("name", kText), {}, ""};
  std::string address = object.string("address", kText);
  out.software = object.string("software", kText);
  if (problems.empty()) {
    Result<Address> parsed = Address::parse(address);
    if (parsed && parsed->is_ip() && parsed->port() != 0) {
      out.address = *std::move(parsed);
    } else {
      object.problem("address", "expected an IP address and a port");
    }
  }
  if (!problems.empty()) return problems.to_error();
  return out;
}

Result<ReplicaRecord> parse_lease_value(std::string_view value) {
  size_t space = value.find(' ');
  if (space == std::string_view::npos) return make_error(Reason::kConfigInvalid, "expected a mark and a record");
  return parse_replica_record(value.substr(space + 1));
}
}  // namespace heddle
