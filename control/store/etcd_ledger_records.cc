#include "control/store/etcd_ledger_records.h"

#include "lib/base/bytes.h"
#include "lib/base/json.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr int64_t kFormat = 1;
constexpr int64_t kPodFormat = 2;  // of a lineage with a pod: who does not know it would renew without the pod
constexpr size_t kIdDigits = 19;

Error damaged(std::string_view key, std::string_view what) {
  return make_error(Reason::kIo, str_cat("the store is damaged: ", key, ": ", what));
}

int64_t to_integer(WallTime time) { return time.since_epoch().count(); }
WallTime read_time(JsonObject& in, std::string_view field) { return WallTime(Duration(in.integer(field))); }

// Reads one record with `read`; one of another format says so first.
template <class F>
auto decode(std::string_view key, std::string_view value, F&& read, int64_t newest = kFormat)
    -> Result<std::invoke_result_t<F, JsonObject&>> {
  Result<JsonValue> document = JsonValue::parse(value);
  if (!document) return damaged(key, document.error().detail);
  std::optional<JsonValue> format = document->find("format");
  std::optional<int64_t> number = format ? format->as_integer() : std::nullopt;
  if (!number) return damaged(key, "it says no format");
  if (*number < kFormat || *number > newest) {
    return make_error(Reason::kUnsupported,
                      str_cat(key, " has format ", std::to_string(*number), ", this version of Heddle knows ",
                              std::to_string(newest), "; use a newer one"));
  }
  Problems problems;
  JsonReader reader(*document, "", problems);
  JsonObject object = reader.object();
  object.ignore("format");
  auto out = read(object);
  object.finish();
  if (!problems.empty()) return damaged(key, problems.text());
  return out;
}
}  // namespace

std::string ledger_join_key(const Sha256Digest& hash) { return str_cat(kLedgerJoin, to_hex(hash)); }
std::string ledger_admin_key(const Sha256Digest& hash) { return str_cat(kLedgerAdmin, to_hex(hash)); }

std::string ledger_lineage_key(int64_t id) {
  std::string digits = std::to_string(id);
  return str_cat(kLedgerLineage, std::string(kIdDigits - digits.size(), '0'), digits);
}

std::string encode(const JoinToken& token) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().field("format", kFormat).field("id", token.id).field("identity", token.identity);
  writer.field("created", to_integer(token.created)).field("expires", to_integer(token.expires)).end_object();
  return out;
}

Result<JoinToken> decode_join_token(std::string_view key, std::string_view value) {
  return decode(key, value, [](JsonObject& in) {
    JoinToken out{in.string("id"), in.string("identity"), {}, {}};
    out.created = read_time(in, "created");
    out.expires = read_time(in, "expires");
    return out;
  });
}

std::string encode(const AdminTokenRow& row) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().field("format", kFormat).field("id", row.id).field("role", row.role);
  writer.field("created", to_integer(row.created)).field("grants", row.grants);
  if (row.expires) writer.field("expires", to_integer(*row.expires));
  writer.end_object();
  return out;
}

Result<AdminTokenRow> decode_admin_token(std::string_view key, std::string_view value) {
  return decode(key, value, [](JsonObject& in) {
    AdminTokenRow out{in.string("id"), in.string("role"), {}};
    out.created = read_time(in, "created");
    out.grants = in.string("grants");
    std::optional<int64_t> expires = in.optional_integer("expires");
    if (expires) out.expires = WallTime(Duration(*expires));
    return out;
  });
}

std::string encode(const Lineage& lineage) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().field("format", lineage.pod.empty() ? kFormat : kPodFormat);
  writer.field("identity", lineage.identity).field("latest", lineage.latest).field("previous", lineage.previous);
  writer.field("not_after", to_integer(lineage.not_after)).field("node", lineage.node);
  if (!lineage.pod.empty()) writer.field("pod", lineage.pod);
  writer.end_object();
  return out;
}

Result<Lineage> decode_lineage(std::string_view key, std::string_view value) {
  std::optional<int64_t> id = parse_int<int64_t>(key.substr(kLedgerLineage.size()));
  bool is_name = id.has_value() && *id > 0 && ledger_lineage_key(*id) == key;
  if (!is_name) return damaged(key, "expected an id of 19 digits");
  auto read = [id](JsonObject& in) {
    Lineage out{*id, in.string("identity"), in.string("latest"), in.string("previous"), {}};
    out.not_after = read_time(in, "not_after");
    out.node = in.string("node");
    out.pod = in.optional_string("pod").value_or("");
    return out;
  };
  return decode(key, value, read, kPodFormat);
}
}  // namespace heddle
