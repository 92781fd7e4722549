#include "proxy/admin/admin_views.h"

#include "certs/peer_certificate.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

void write_check(JsonWriter& out, const BackendCheck& check) {
  out.key("lastCheck").begin_object().field("kind", to_text(check.kind));
  out.field("result", std::string_view(check.reason == Reason::kNone ? "ok" : info(check.reason).name));
  if (check.status != 0) out.field("status", check.status);
  out.field("tookSeconds", seconds(check.took)).field("ageSeconds", seconds(check.age)).end_object();
}

void write_outlier(JsonWriter& out, const BackendOutlier& outlier) {
  constexpr std::string_view kStates[] = {"in", "ejected", "proving"};
  out.key("outlier").begin_object().field("state", kStates[static_cast<size_t>(outlier.state)]);
  out.field("ejections", outlier.ejections);
  if (outlier.ejections > 0) out.field("cause", outlier.cause).field("why", outlier.why);
  if (outlier.state == OutlierState::kEjected) out.field("leftSeconds", seconds(outlier.left));
  out.end_object();
}

void write_backend(JsonWriter& out, const BackendRow& row) {
  out.begin_object().field("address", row.address).field("identity", row.identity).field("zone", row.zone);
  out.field("state", to_text(row.state));
  if (!row.why.empty()) out.field("why", row.why);
  if (row.last_check) write_check(out, *row.last_check);
  if (row.last_failure_age) {
    out.key("lastFailure").begin_object().field("why", row.last_failure);
    out.field("ageSeconds", seconds(*row.last_failure_age)).end_object();
  }
  if (row.outlier) write_outlier(out, *row.outlier);
  if (row.last_change) out.field("lastChangeSeconds", seconds(*row.last_change));
  out.field("downtimeSeconds", seconds(row.downtime)).field("timesDown", row.times_down);
  out.field("checksFailed", row.checks_failed).field("weight", row.weight);
  out.field("connections", row.sessions).field("connectionsTotal", row.sessions_total);
  out.field("requestsActive", row.requests_active).field("requests", row.requests).field("errors", row.errors);
  out.field("bytesIn", row.bytes_in).field("bytesOut", row.bytes_out).end_object();
}

void write_dns_question(JsonWriter& out, const DnsQuestionStatus& question) {
  out.begin_object().field("name", question.name).field("type", question.type);
  if (question.age) {
    out.field("result", question.result).field("ageSeconds", seconds(*question.age));
    out.field("ttlSeconds", seconds(question.ttl));
  }
  if (question.next) out.field("nextSeconds", seconds(*question.next));
  out.field("failures", question.failures);
  if (!question.why.empty()) out.field("why", question.why);
  out.end_object();
}

void write_dns(JsonWriter& out, const DnsSetStatus& dns) {
  out.key("dns").begin_object().field("name", dns.name).field("type", dns.type);
  out.field("endpoints", dns.endpoints).field("leftOut", dns.left_out).field("unusable", dns.unusable);
  out.key("questions").begin_array();
  for (const DnsQuestionStatus& question : dns.questions) write_dns_question(out, question);
  out.end_array().end_object();
}

void write_own_certificate(JsonWriter& out, const Svid& svid, WallTime now) {
  out.key("svid").begin_object().field("id", svid.id.text());
  auto leaf = svid.chain.empty() ? Result<PeerCertificate>(make_error(Reason::kNotFound, "no certificate"))
                                 : PeerCertificate::from_x509(svid.chain.front().get());
  if (leaf) out.field("serial", leaf->serial()).field("sha256", leaf->fingerprint());
  out.field("notBefore", format_time(svid.not_before)).field("notAfter", format_time(svid.not_after));
  out.field("secondsLeft", seconds(svid.not_after - now)).field("expired", now >= svid.not_after).end_object();
}

void write_bundle(JsonWriter& out, const TrustBundle& bundle) {
  out.key("trustDomains").begin_array();
  for (const TrustDomain& domain : bundle.domains()) {
    const DomainRoots* roots = bundle.find(domain);
    out.begin_object().field("name", domain.name());
    if (roots->notes().sequence) out.field("sequence", *roots->notes().sequence);
    out.key("pins").begin_array();
    for (const std::string& pin : roots->pins()) out.string(pin);
    out.end_array().end_object();
  }
  out.end_array();
}
}  // namespace

std::string backends_json(const std::vector<BackendTable>& tables) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().key("backendSets").begin_array();
  for (const BackendTable& table : tables) {
    BackendTotals totals = totals_of(table);
    out.begin_object().field("name", table.name).field("tls", table.tls).field("balancer", table.balancer);
    if (!table.balanced_by.empty()) out.field("balancedBy", table.balanced_by);
    if (!table.subset_of.empty()) out.field("subsetOf", table.subset_of);
    if (table.dns) write_dns(out, *table.dns);
    out.field("state", totals.state()).field("usable", totals.usable).key("endpoints").begin_array();
    for (const BackendRow& row : table.rows) write_backend(out, row);
    out.end_array().end_object();
  }
  out.end_array().end_object();
  return text;
}

std::string connections_json(const std::vector<AdminConnection>& connections) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("count", connections.size()).key("connections").begin_array();
  for (const AdminConnection& connection : connections) {
    out.begin_object().field("worker", connection.worker).field("direction", connection.direction);
    out.field("protocol", connection.protocol).field("peer", connection.peer).field("local", connection.local);
    out.field("identity", connection.identity).field("streams", connection.streams).end_object();
  }
  out.end_array().end_object();
  return text;
}

std::string certs_json(const TlsIdentity* identity, WallTime now) {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  if (identity != nullptr && identity->svid != nullptr) {
    write_own_certificate(out, *identity->svid, now);
  } else {
    out.key("svid").null();
  }
  if (identity != nullptr && identity->bundle != nullptr) write_bundle(out, *identity->bundle);
  out.end_object();
  return text;
}

std::string levels_json(const std::map<std::string, LogLevel, std::less<>>& levels) {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  for (const auto& [module, level] : levels) out.field(module, to_text(level));
  out.end_object();
  return text;
}

std::string version_json(const ProgramInfo& program, WallTime now) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("version", program.version).field("node", program.node);
  out.field("started", format_time(program.started)).field("uptimeSeconds", seconds(now - program.started));
  out.end_object();
  return text;
}
}  // namespace heddle
