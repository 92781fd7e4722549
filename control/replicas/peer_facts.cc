#include "control/replicas/peer_facts.h"

#include <algorithm>

#include "control/replicas/peer_key.h"
#include "lib/api/fact_wire.h"

namespace heddle {
namespace {
constexpr IntRange kCount{0, 1'000'000'000};
constexpr size_t kMaxNamespace = 63;

Error bad(std::string detail, Origin origin) { return make_error(Reason::kBadRequest, std::move(detail), origin); }

void write_keys(JsonWriter& out, std::string_view name, const std::vector<NodeKey>& keys, size_t most) {
  out.key(name).begin_array();
  for (size_t i = 0; i < keys.size() && i < most; ++i) {
    out.begin_object();
    write_node_key(out, keys[i]);
    out.end_object();
  }
  out.end_array();
}

std::vector<NodeKey> read_keys(MessageBody& body, std::string_view name, size_t most) {
  std::vector<NodeKey> out;
  for (const JsonReader& element : body->array(name, {0, most})) {
    MessageBody key(element);
    out.push_back(read_node_key(key));
  }
  return out;
}

FetchedFacts read_sidecar(const JsonReader& at) {
  MessageBody body(at);
  FetchedFacts out{read_node_key(body), {}};
  out.kept.seen = static_cast<uint64_t>(body->integer("seen", {0}));
  for (const JsonReader& fact : body->array("facts", {0, kMaxFacts})) out.kept.facts.push_back(read_fact(fact));
  return out;
}

FactsResult read_result(const JsonReader& at) {
  MessageBody body(at);
  FactsResult out;
  for (const JsonReader& sidecar : body->array("sidecars", {0, FactsFetcher::kMostSidecars})) {
    out.sidecars.push_back(read_sidecar(sidecar));
  }
  out.silent = read_keys(body, "silent", FactsFetcher::kMostSidecars);
  out.without = read_keys(body, "without", kMaxPeerNames);
  out.more_without = static_cast<size_t>(body->integer("more_without", kCount));
  out.connected = static_cast<size_t>(body->integer("connected", kCount));
  out.asked = static_cast<size_t>(body->integer("asked", kCount));
  out.is_busy = body->boolean("busy");
  out.is_full = body->boolean("full");
  if (out.connected < out.without.size() + out.more_without) body->problem("connected", "is less than who is listed");
  return out;
}
}  // namespace

std::string encode_facts_query(const FactsQuery& query) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("namespace", query.ns).field("timeout_ms", query.timeout / 1ms);
  out.field("sidecars", std::min(query.sidecars, FactsFetcher::kMostSidecars));
  out.field("each", std::min(query.each, kMaxFacts)).field("bytes", std::min(query.bytes, FactsFetcher::kMostBytes));
  out.end_object();
  return body;
}

Result<FactsQuery> decode_facts_query(std::string_view text) {
  Result<JsonValue> document = JsonValue::parse(text, kMaxFactsQuery);
  if (!document) return bad(document.error().detail, Origin::kDownstream);
  Problems problems;
  FactsQuery out;
  {
    MessageBody body(JsonReader(*document, "", problems));
    auto count = [&body](std::string_view name, size_t most) {
      return static_cast<size_t>(body->integer(name, {1, static_cast<int64_t>(most)}));
    };
    out.ns = body->string("namespace", {0, kMaxNamespace});
    out.timeout = std::chrono::milliseconds(body->integer("timeout_ms", {1, kMaxFactsTimeout / 1ms}));
    out.sidecars = count("sidecars", FactsFetcher::kMostSidecars);
    out.each = count("each", kMaxFacts);
    out.bytes = count("bytes", FactsFetcher::kMostBytes);
  }
  if (!problems.empty()) return bad(problems.text(), Origin::kDownstream);
  return out;
}

std::string encode_facts_result(const FactsResult& result) {
  std::string body;
  JsonWriter out(body);
  bool is_full = result.is_full;
  out.begin_object().key("sidecars").begin_array();
  for (const FetchedFacts& one : result.sidecars) {
    out.begin_object();
    write_node_key(out, one.key);
    out.field("seen", one.kept.seen).key("facts").begin_array();
    for (const RequestFact& fact : one.kept.facts) {
      bool fits = body.size() < FactsFetcher::kMostBytes;
      if (fits) write_fact(out, fact);
      is_full = is_full || !fits;
    }
    out.end_array().end_object();
  }
  out.end_array();
  size_t more = result.without.size() - std::min(result.without.size(), kMaxPeerNames);
  write_keys(out, "silent", result.silent, FactsFetcher::kMostSidecars);
  write_keys(out, "without", result.without, kMaxPeerNames);
  out.field("more_without", result.more_without + more).field("connected", result.connected);
  out.field("asked", result.asked).field("busy", result.is_busy).field("full", is_full).end_object();
  return body;
}

Result<FactsResult> decode_facts_result(std::string_view text) {
  Result<JsonValue> document = JsonValue::parse(text, kMaxFactsAnswer);
  if (!document) return bad(document.error().detail, Origin::kUpstream);
  Problems problems;
  FactsResult out = read_result(JsonReader(*document, "", problems));
  if (!problems.empty()) return bad(problems.text(), Origin::kUpstream);
  return out;
}
}  // namespace heddle
