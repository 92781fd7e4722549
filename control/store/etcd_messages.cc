#include "control/store/etcd_messages.h"

#include "lib/base/bytes.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr int kInvalidArgument = 3;
constexpr int kDeadlineExceeded = 4;
constexpr int kNotFoundCode = 5;
constexpr int kPermissionDenied = 7;
constexpr int kResourceExhausted = 8;
constexpr int kOutOfRange = 11;  // the revision is compacted
constexpr int kUnimplemented = 12;
constexpr int kUnavailableCode = 14;
constexpr int kUnauthenticatedCode = 16;
constexpr size_t kQuotedBytes = 200;  // of an answer that we do not understand

std::string base64(std::string_view text) { return to_base64(as_bytes(text)); }

// etcd takes 64-bit numbers as strings, as it writes them: no reader in between rounds them.
void number(JsonWriter& out, std::string_view name, int64_t value) {
  if (value != 0) out.field(name, std::to_string(value));
}

void write(JsonWriter& out, const EtcdRange& range) {
  out.begin_object().field("key", base64(range.key));
  if (!range.end.empty()) out.field("range_end", base64(range.end));
  number(out, "limit", range.limit);
  if (range.newest_first) out.field("sort_order", std::string_view("DESCEND"));
  if (range.newest_first) out.field("sort_target", std::string_view("KEY"));
  if (range.keys_only) out.field("keys_only", true);
  number(out, "revision", range.revision);
  out.end_object();
}

void write(JsonWriter& out, const EtcdPut& put) {
  out.begin_object().field("key", base64(put.key)).field("value", base64(put.value));
  number(out, "lease", put.lease);
  out.end_object();
}

void write(JsonWriter& out, const EtcdDelete& gone) {
  out.begin_object().field("key", base64(gone.key));
  if (!gone.end.empty()) out.field("range_end", base64(gone.end));
  out.end_object();
}

void write(JsonWriter& out, const EtcdCompare& compare) {
  bool is_mod = compare.target == EtcdCompare::Target::kModRevision;
  out.begin_object().field("target", std::string_view(is_mod ? "MOD" : "CREATE")).field("key", base64(compare.key));
  out.field("result", std::string_view(compare.is == EtcdCompare::Is::kEqual ? "EQUAL" : "GREATER"));
  // Also when it is 0: which of the alternatives is set says what is compared.
  out.field(is_mod ? "mod_revision" : "create_revision", std::to_string(compare.revision));
  out.end_object();
}

struct OperationWriter {
  JsonWriter& out;
  void operator()(const EtcdRange& range) const { named("request_range", range); }
  void operator()(const EtcdPut& put) const { named("request_put", put); }
  void operator()(const EtcdDelete& gone) const { named("request_delete_range", gone); }
  template <class T>
  void named(std::string_view name, const T& value) const {
    out.begin_object().key(name);
    write(out, value);
    out.end_object();
  }
};

void write(JsonWriter& out, std::string_view name, const std::vector<EtcdOperation>& operations) {
  out.key(name).begin_array();
  for (const EtcdOperation& operation : operations) std::visit(OperationWriter{out}, operation);
  out.end_array();
}

template <class T>
std::string to_text(const T& value) {
  std::string out;
  JsonWriter writer(out);
  write(writer, value);
  return out;
}

// Numbers come as strings (or as numbers); absent is 0.
template <class T>
T read_number(JsonObject& in, std::string_view field) {
  std::optional<JsonReader> reader = in.optional(field);
  if (!reader) return 0;
  std::optional<T> value;
  if (auto text = reader->value().as_string()) {
    value = parse_int<T>(*text);
  } else if (auto integer = reader->value().as_integer(); integer && std::in_range<T>(*integer)) {
    value = static_cast<T>(*integer);
  }
  if (!value) reader->problem("expected a 64-bit number");
  return value.value_or(0);
}

std::string read_base64(JsonObject& in, std::string_view field) {
  std::optional<JsonReader> reader = in.optional(field);
  std::optional<std::string_view> text = reader ? reader->string() : std::nullopt;
  if (!text) return {};
  Result<std::string> bytes = from_base64(*text);
  if (!bytes) reader->problem("expected base64");
  return std::move(bytes).value_or(std::string());
}

bool read_flag(JsonObject& in, std::string_view field) { return in.optional_boolean(field).value_or(false); }

EtcdHeader read_header(JsonObject& in) {
  EtcdHeader out;
  std::optional<JsonObject> header = in.optional_object("header");
  if (!header) return out;
  out.cluster_id = read_number<uint64_t>(*header, "cluster_id");
  out.revision = read_number<int64_t>(*header, "revision");
  return out;
}

EtcdKeyValue read_key_value(JsonObject in) {
  EtcdKeyValue out{read_base64(in, "key"), read_base64(in, "value")};
  out.create_revision = read_number<int64_t>(in, "create_revision");
  out.mod_revision = read_number<int64_t>(in, "mod_revision");
  out.lease = read_number<int64_t>(in, "lease");
  if (out.key.empty()) in.problem("key", "is missing");
  return out;
}

EtcdRangeAnswer read_range(JsonObject& in) {
  EtcdRangeAnswer out{read_header(in), {}, read_flag(in, "more")};
  for (const JsonReader& kv : in.optional_array("kvs")) out.found.push_back(read_key_value(kv.object()));
  return out;
}

EtcdLeaseAnswer read_lease(JsonObject& in) {
  EtcdLeaseAnswer out{read_number<int64_t>(in, "ID"), {}};
  auto seconds = read_number<int64_t>(in, "TTL");
  if (seconds < 0 || seconds > 1'000'000'000) in.problem("TTL", "expected seconds");
  out.ttl = std::chrono::seconds(seconds);
  return out;
}

Error not_understood(std::string_view what) {
  return make_error(Reason::kUpstreamProtocolError, str_cat("etcd's answer is not understood: ", what),
                    Origin::kUpstream);
}

// Reads the whole of an answer with `read`, and answers its value or everything that is wrong.
template <class F>
auto decode_with(const JsonValue& document, F&& read) -> Result<std::invoke_result_t<F, JsonObject&>> {
  Problems problems;
  JsonReader reader(document, "", problems);
  JsonObject object = reader.object();
  auto out = read(object);
  if (!problems.empty()) return not_understood(problems.text());
  return out;
}

EtcdWatchAnswer read_watch(JsonObject& in) {
  EtcdWatchAnswer out;
  JsonObject result = in.object("result");
  out.header = read_header(result);
  out.created = read_flag(result, "created");
  out.canceled = read_flag(result, "canceled");
  out.compact_revision = read_number<int64_t>(result, "compact_revision");
  out.cancel_reason = result.optional_string("cancel_reason").value_or("");
  for (const JsonReader& reader : result.optional_array("events")) {
    JsonObject event = reader.object();
    std::string type = event.optional_string("type").value_or("PUT");
    if (type != "PUT" && type != "DELETE") event.problem("type", "expected PUT or DELETE");
    out.events.push_back({type == "DELETE", read_key_value(event.object("kv"))});
  }
  return out;
}
}  // namespace

std::string etcd_prefix_end(std::string_view prefix) {
  std::string out(prefix);
  HEDDLE_CHECK(!out.empty() && out.back() != '\xff');
  ++out.back();
  return out;
}

std::string encode(const EtcdRange& range) { return to_text(range); }
std::string encode(const EtcdPut& put) { return to_text(put); }

std::string encode(const EtcdTransaction& transaction) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("compare").begin_array();
  for (const EtcdCompare& compare : transaction.compare) write(writer, compare);
  writer.end_array();
  write(writer, "success", transaction.success);
  write(writer, "failure", transaction.failure);
  writer.end_object();
  return out;
}

std::string encode(const EtcdWatchRequest& watch) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("create_request").begin_object().field("key", base64(watch.key));
  if (!watch.end.empty()) writer.field("range_end", base64(watch.end));
  number(writer, "start_revision", watch.start_revision);
  writer.end_object().end_object();
  return out;
}

std::string encode_lease_grant(Duration ttl) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(ttl).count();
  return str_cat(R"({"TTL":")", std::to_string(seconds), "\"}");
}
std::string encode_lease_id(int64_t id) { return str_cat(R"({"ID":")", std::to_string(id), "\"}"); }
std::string encode_compaction(int64_t revision) {
  return str_cat(R"({"revision":")", std::to_string(revision), R"(","physical":true})");
}

std::string encode_authenticate(std::string_view name, std::string_view password) {
  std::string out;
  JsonWriter(out).begin_object().field("name", name).field("password", password).end_object();
  return out;
}

Result<EtcdHeader> decode_header(const JsonValue& document) { return decode_with(document, read_header); }
Result<EtcdRangeAnswer> decode_range(const JsonValue& document) { return decode_with(document, read_range); }

Result<EtcdTransactionAnswer> decode_transaction(const JsonValue& document) {
  return decode_with(document, [](JsonObject& in) {
    EtcdTransactionAnswer out{read_header(in), read_flag(in, "succeeded"), {}};
    for (const JsonReader& reader : in.optional_array("responses")) {
      JsonObject response = reader.object();
      std::optional<JsonObject> range = response.optional_object("response_range");
      out.answers.push_back(range ? read_range(*range) : EtcdRangeAnswer{});
    }
    return out;
  });
}

Result<EtcdLeaseAnswer> decode_lease(const JsonValue& document) { return decode_with(document, read_lease); }
Result<EtcdLeaseAnswer> decode_keep_alive(const JsonValue& document) {
  return decode_with(document, [](JsonObject& in) {
    JsonObject result = in.object("result");
    return read_lease(result);
  });
}

Result<EtcdStatus> decode_status(const JsonValue& document) {
  return decode_with(document, [](JsonObject& in) {
    return EtcdStatus{in.optional_string("version").value_or(""), read_number<uint64_t>(in, "leader"),
                      read_number<int64_t>(in, "dbSize")};
  });
}

Result<std::string> decode_token(const JsonValue& document) {
  return decode_with(document, [](JsonObject& in) { return in.string("token", {1, 4096}); });
}

Result<EtcdWatchAnswer> decode_watch(std::string_view line) {
  Result<JsonValue> document = JsonValue::parse(line, kMaxEtcdAnswer);
  if (!document) return not_understood(document.error().detail);
  if (std::optional<JsonValue> error = document->find("error")) {
    std::optional<JsonValue> message = error->find("message");
    std::string_view said = message ? message->as_string().value_or("") : "";
    return make_error(Reason::kUnavailable, str_cat("etcd ended the watch: ", said), Origin::kUpstream);
  }
  return decode_with(*document, read_watch);
}

EtcdError decode_etcd_error(uint16_t status, std::string_view body) {
  EtcdError out{status, 0, {}};
  Result<JsonValue> document = JsonValue::parse(body);
  if (!document || !document->is_object()) {
    out.message = in_quotes(trim(body.substr(0, kQuotedBytes)));
    return out;
  }
  std::optional<JsonValue> code = document->find("code");
  std::optional<int64_t> number = code ? code->as_integer() : std::nullopt;
  if (number && *number >= 0 && *number <= kUnauthenticatedCode) out.code = static_cast<int>(*number);
  // 3.4 says both; newer ones only the second.
  for (std::string_view name : {"error", "message"}) {
    std::optional<JsonValue> text = document->find(name);
    if (text && text->is_string()) out.message = std::string(*text->as_string());
  }
  return out;
}

bool EtcdError::is_unauthenticated() const {
  return code == kUnauthenticatedCode || message.find("revision of auth store is old") != std::string::npos;
}

bool EtcdError::is_full() const { return message.find("database space exceeded") != std::string::npos; }

bool EtcdError::is_member_at_fault() const {
  if (is_full()) return false;
  return code == kUnavailableCode || code == kDeadlineExceeded || status == 503 || status == 504 || status == 502;
}

Error EtcdError::to_error() const {
  auto error = [this](Reason reason) {
    std::string said = message.empty() ? str_cat("HTTP ", std::to_string(status)) : message;
    return make_error(reason, str_cat("etcd: ", said), Origin::kUpstream);
  };
  if (code == 0 && status == 404) {
    return make_error(Reason::kUnsupported,
                      "etcd has no JSON gateway here: it needs etcd 3.4 or later without --enable-grpc-gateway=false");
  }
  if (is_full()) {
    return make_error(Reason::kIo,
                      str_cat("etcd is full and takes no changes: ", message,
                              "; compact and defragment it, or raise --quota-backend-bytes, then etcdctl alarm disarm"),
                      Origin::kUpstream);
  }
  bool is_too_large = message.find("too large") != std::string::npos || message.find("too many") != std::string::npos;
  if (code == kInvalidArgument && is_too_large) return error(Reason::kTooLarge);
  if (code == kNotFoundCode || code == kOutOfRange) return error(Reason::kNotFound);
  if (code == kPermissionDenied) return error(Reason::kForbidden);
  if (code == kUnauthenticatedCode) return error(Reason::kUnauthenticated);
  bool is_nobody = message.find("authentication failed") != std::string::npos ||
                   message.find("user name is empty") != std::string::npos;  // etcd wants a user, we sent none
  if (is_nobody) return error(Reason::kUnauthenticated);
  if (code == kUnimplemented) return error(Reason::kUnsupported);
  if (code == kResourceExhausted || is_member_at_fault()) return error(Reason::kUnavailable);
  return error(Reason::kUpstreamProtocolError);
}
}  // namespace heddle
