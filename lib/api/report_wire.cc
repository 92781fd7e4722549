#include "lib/api/report_wire.h"

#include <algorithm>

#include "lib/api/message_body.h"
#include "lib/base/json_escape.h"

namespace heddle {
namespace {
using Body = MessageBody;
constexpr size_t kMaxText = 253;
constexpr size_t kMaxCounterName = 128;
constexpr IntRange kClockAhead{-(kMaxClockAhead / 1ms), kMaxClockAhead / 1ms};
constexpr IntRange kEndpoints{0, 1'000'000'000};

void write_troubles(JsonWriter& out, const std::vector<BackendTrouble>& troubles) {
  out.key("backends").begin_array();
  for (const BackendTrouble& trouble : troubles) {
    out.begin_object().field("set", trouble.set).field("up", trouble.up).field("down", trouble.down).end_object();
  }
  out.end_array();
}

// As much of a text as read_nack() takes: whole characters. A byte that is no UTF-8 is read as U+FFFD, three bytes.
std::string_view nack_text(std::string_view text) {
  constexpr size_t kReplaced = 3;
  size_t end = 0;
  for (size_t read = 0; end < text.size();) {
    size_t length = utf8_sequence_length(text.substr(end));
    read += length == 0 ? kReplaced : length;
    if (read > kMaxNackMessage) break;
    end += std::max<size_t>(length, 1);
  }
  return text.substr(0, end);
}

std::vector<BackendTrouble> read_troubles(Body& body) {
  std::vector<BackendTrouble> out;
  for (const JsonReader& element : body->optional_array("backends", {0, kMaxBackendTroubles})) {
    Body trouble(element);
    out.push_back({trouble->string("set", {1, kMaxText}), static_cast<uint64_t>(trouble->integer("up", kEndpoints)),
                   static_cast<uint64_t>(trouble->integer("down", kEndpoints))});
  }
  return out;
}
}  // namespace

void write_nack(JsonWriter& out, const WatchNack& m) {
  out.begin_object().field("version", m.version.text()).key("errors").begin_array();
  for (const WatchNackError& error : m.errors) {
    out.begin_object().field("resource", nack_text(error.resource)).field("path", nack_text(error.path));
    out.field("message", nack_text(error.message)).end_object();
  }
  out.end_array().end_object();
}

void write_report(JsonWriter& out, const WatchReport& m) {
  out.begin_object().key("counters").begin_object();
  for (const auto& [name, value] : m.counters) out.field(name, value);
  out.end_object().field("lag_ms", m.lag / 1ms);
  if (m.version) out.field("version", m.version->text());
  if (m.clock_ahead) out.field("clock_ahead_ms", *m.clock_ahead / 1ms);
  if (!m.backends.empty()) write_troubles(out, m.backends);
  out.key("ignorable").begin_array().string("version").string("clock_ahead_ms").string("backends").end_array();
  out.end_object();
}

void write_trust_in_use(JsonWriter& out, const WatchTrustInUse& m) {
  out.begin_object().field("bundle", m.bundle);
  if (!m.authority.empty()) out.field("authority", m.authority);
  if (!m.federated.empty()) out.field("federated", m.federated);
  out.end_object();
}

WatchNack read_nack(const JsonReader& at) {
  Body body(at);
  WatchNack m;
  m.version = body.version("version");
  for (const JsonReader& element : body->array("errors", {1, kMaxNackErrors})) {
    Body error(element);
    SizeRange size{0, kMaxNackMessage};
    m.errors.push_back({error->optional_string("resource", size).value_or(""),
                        error->optional_string("path", size).value_or(""), error->string("message", size)});
  }
  return m;
}

WatchReport read_report(const JsonReader& at) {
  Body body(at);
  WatchReport m;
  m.lag = body.milliseconds("lag_ms");
  m.version = body.optional_version("version");
  if (std::optional<int64_t> clock = body->optional_integer("clock_ahead_ms", kClockAhead)) {
    m.clock_ahead = std::chrono::milliseconds(*clock);
  }
  m.backends = read_troubles(body);
  std::optional<JsonObject> counters = body->optional_object("counters");
  if (!counters) return m;
  std::vector<std::string_view> names = counters->value().keys();
  if (names.size() > kMaxCounters) body->problem("counters", "has more than 1000 members");
  for (std::string_view name : names) {
    std::optional<uint64_t> value = counters->value().find(name)->as_unsigned();
    if (!value || name.size() > kMaxCounterName) {
      counters->problem(name.substr(0, kMaxCounterName), "expected a name of at most 128 bytes and a count");
    } else {
      m.counters.emplace(name, *value);
    }
  }
  return m;
}

WatchTrustInUse read_trust_in_use(const JsonReader& at) {
  Body body(at);
  return {body.hash("bundle"), body.optional_hash("authority"), body.optional_hash("federated")};
}
}  // namespace heddle
