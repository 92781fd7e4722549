#include "control/kube/kube_ledger_secret.h"

#include "lib/base/bytes.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
bool is_plain(char c) {
  bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

std::optional<char> unescaped(std::string_view digits) {
  Result<std::string> byte = from_hex(digits);
  if (!byte || byte->size() != 1) return std::nullopt;
  return byte->front();
}
}  // namespace

std::string secret_key(std::string_view record) {
  std::string out;
  for (char c : record) {
    if (is_plain(c)) {
      out.push_back(c);
    } else {
      out += "_" + to_hex(as_bytes(std::string_view(&c, 1)));
    }
  }
  return out;
}

std::optional<std::string> record_key(std::string_view secret) {
  std::string out;
  for (size_t i = 0; i < secret.size(); ++i) {
    if (secret[i] != '_') {
      out.push_back(secret[i]);
      continue;
    }
    std::optional<char> byte = i + 2 < secret.size() ? unescaped(secret.substr(i + 1, 2)) : std::nullopt;
    if (!byte) return std::nullopt;
    out.push_back(*byte);
    i += 2;
  }
  if (secret_key(out) != secret) return std::nullopt;
  return out;
}

Result<EtcdMirrorRecords> read_ledger_secret(const JsonValue& secret) {
  if (!secret.is_object()) return make_error(Reason::kUpstreamProtocolError, "the answer is no Secret");
  EtcdMirrorRecords out;
  JsonValue data = secret.find("data").value_or(JsonValue::object());
  for (std::string_view key : data.keys()) {
    std::optional<std::string> record = record_key(key);
    std::optional<JsonValue> entry = data.find(key);
    Result<std::string> value = from_base64(entry ? entry->as_string().value_or("") : "");
    if (record && value) out[*std::move(record)].value = *std::move(value);
  }
  return out;
}

size_t ledger_secret_bytes(const EtcdMirrorRecords& records) {
  size_t out = 0;
  for (const auto& [key, record] : records) out += secret_key(key).size() + record.value.size();
  return out;
}

std::string new_ledger_secret(std::string_view namespace_name, std::string_view name) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().field("apiVersion", "v1").field("kind", "Secret").field("type", "Opaque");
  writer.key("metadata").begin_object().field("name", name).field("namespace", namespace_name);
  writer.key("labels").begin_object().field("app.kubernetes.io/managed-by", "heddle-control").end_object();
  writer.end_object().end_object();
  return out;
}

std::string ledger_patch(std::string_view resource_version, const EtcdLedgerPlan::Changes& changes) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("metadata").begin_object().field("resourceVersion", resource_version).end_object();
  writer.key("data").begin_object();
  for (const EtcdMirror::Change& change : changes) {
    writer.key(secret_key(change.key));
    change.value ? writer.string(to_base64(as_bytes(*change.value))) : writer.null();
  }
  writer.end_object().end_object();
  return out;
}
}  // namespace heddle
