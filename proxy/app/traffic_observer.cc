#include "proxy/app/traffic_observer.h"

#include <algorithm>

#include "certs/peer_certificate.h"
#include "lib/http/rules.h"

namespace heddle {
namespace {
constexpr std::string_view kNoPolicy = "none";  // a foreign caller was denied where no policy is

AccessProtocol protocol_of(HttpVersion version) {
  if (version == HttpVersion::kHttp2) return AccessProtocol::kHttp2;
  return version == HttpVersion::kHttp10 ? AccessProtocol::kHttp10 : AccessProtocol::kHttp11;
}

// Of an ExchangeSummary or a ConnectionInfo.
template <class Seen>
void set_downstream(AccessRecord& record, const Seen& seen) {
  record.downstream.assign(seen.peer);
  const PeerCertificate* peer = seen.peer_certificate.get();
  if (peer == nullptr || !peer->spiffe_id()) return;
  record.flags.set(AccessFlag::kDownstreamTls);
  if (seen.is_foreign) return record.peer.assign(peer->spiffe_id()->text());
  std::string_view path = peer->spiffe_id()->path();
  record.peer.assign(path.substr(path.empty() ? 0 : 1));
}

// Of a head that nobody has judged: a target or authority that is none may hold anything, a password even.
void set_request(AccessRecord& record, const RequestHead& head) {
  record.protocol = protocol_of(head.version);
  record.method.assign(head.method());
  if (head.path().starts_with('/')) record.set_path(head.path());
  if (is_authority(head.authority())) record.authority.assign(head.authority());
  if (auto id = head.fields().get(HeaderName::kXRequestId)) record.request_id.assign(*id);
}
void set_authz(AccessRecord& record, const AuthzNote& note) {
  if (note.kind == AuthzNote::Kind::kNone) return;
  record.flags.set(note.kind == AuthzNote::Kind::kDenied ? AccessFlag::kAuthzDenied : AccessFlag::kAuthzAudited);
  if (note.cause == AuthzCause::kRule) record.authz_rule = static_cast<uint8_t>(note.rule);
  if (note.cause == AuthzCause::kForeign) record.flags.set(AccessFlag::kAuthzForeign);
  record.config_version = note.version;
  record.route.assign(kNoPolicy);
  if (note.policy == nullptr) return;
  std::array<char, 512> room{};
  const ResourceKey& key = note.policy->key;
  auto end = std::copy(key.ns.begin(), key.ns.end(), room.begin());
  *end++ = '/';
  end = std::copy(key.name.begin(), key.name.end(), end);
  record.route.assign({room.data(), static_cast<size_t>(end - room.begin())});
}

// An audit that matched has its metric; the refusal is what the line is about.
void set_rate_limit(AccessRecord& record, const RateNote& note) {
  if (note.policy == nullptr) return;
  record.flags.clear(AccessFlag::kAuthzAudited);
  record.flags.set(AccessFlag::kRateLimited);
  record.authz_rule = AccessRecord::kNoAuthzRule;
  record.config_version = note.version;
  std::array<char, 512> room{};
  const ResourceKey& key = note.policy->key;
  auto end = std::copy(key.ns.begin(), key.ns.end(), room.begin());
  *end++ = '/';
  end = std::copy(key.name.begin(), key.name.end(), end);
  *end++ = '/';
  const std::string& limit = note.policy->limits[note.limit].name;
  end = std::copy(limit.begin(), limit.end(), end);
  record.route.assign({room.data(), static_cast<size_t>(end - room.begin())});
}
}  // namespace

AccessRecord TrafficObserver::record_of(const ExchangeSummary& s) const {
  AccessRecord record;
  record.duration = in_.clock.now() - s.started;
  record.start = in_.clock.wall() - record.duration;
  record.upstream_time = s.upstream_time;
  record.bytes_received = s.request_bytes;
  record.bytes_sent = s.response_bytes;
  record.worker = in_.worker;
  record.config_version = s.config_version;
  record.status = s.status;
  record.upstream_status = s.made_here ? uint16_t{0} : s.status;
  record.reason = s.reason;
  record.origin = s.made_here ? Origin::kSelf : Origin::kUpstream;
  record.direction = in_.direction;
  record.tries = s.tries;
  set_downstream(record, s);
  if (s.upstream.is_set()) record.upstream.assign(s.upstream);
  if (s.delayed) record.flags.set(AccessFlag::kDelayed);
  if (s.upgraded) record.flags.set(AccessFlag::kUpgraded);
  if (s.upstream_connected) {
    if (s.upstream_reused) record.flags.set(AccessFlag::kUpstreamReused);
    if (s.upstream_tls) record.flags.set(AccessFlag::kUpstreamTls);
    record.upstream_protocol = s.upstream_http2 ? AccessProtocol::kHttp2 : AccessProtocol::kHttp11;
  }
  if (s.route != nullptr) {
    record.service.assign(s.route->service);
    record.route.assign(s.route->route);
    record.backend_set.assign(s.route->backend_set);
  }
  record.limit = s.limit.limit;
  record.limit_value = s.limit.value;
  set_authz(record, s.authz);
  set_rate_limit(record, s.rate);
  return record;
}

AccessRecord TrafficObserver::record_of(const ExchangeSummary& s, const RequestHead& head) const {
  AccessRecord record = record_of(s);
  record.protocol = protocol_of(head.version);
  record.method.assign(head.method());
  record.authority.assign(head.authority());
  record.set_path(head.path());
  if (auto id = head.fields().get(HeaderName::kXRequestId)) record.request_id.assign(*id);
  return record;
}

// What an audit policy matched is worth a line whatever became of it.
bool TrafficObserver::wants(const ExchangeSummary& s) {
  if (in_.access_log.wants(s.status, s.reason)) return true;
  return s.authz.kind == AuthzNote::Kind::kAudited && !in_.access_log.is_off();
}

void TrafficObserver::on_finished(const ExchangeSummary& s, const RequestHead& head) {
  if (s.route != nullptr) {
    RequestMetrics& cells = s.route->requests;
    cells.on_finished(s.status, s.reason, in_.clock.now() - s.started);
    cells.bytes_received.add(s.request_bytes);
    cells.bytes_sent.add(s.response_bytes);
    if (s.upstream_time > Duration{}) cells.upstream_time.observe(s.upstream_time);
  } else if (s.made_here) {
    in_.listener.refused[s.reason].add(1);
  }
  if (in_.permissive != nullptr) in_.permissive->of(s.peer_certificate.get()).requests.add(1);
  bool is_logged = wants(s);
  bool is_traced = in_.spans != nullptr && s.span.is_recorded();
  if (!is_logged && !is_traced) return;
  AccessRecord record = record_of(s, head);
  if (is_logged) in_.access_log.write(record);
  if (is_traced) in_.spans->push({record, s.span});
}

void TrafficObserver::on_tcp_finished(const ExchangeSummary& s) {
  if (s.route != nullptr) {
    s.route->tcp.closed[s.reason].add(1);
    s.route->tcp.bytes_received.add(s.request_bytes);
    s.route->tcp.bytes_sent.add(s.response_bytes);
  } else if (s.made_here) {
    in_.listener.refused[s.reason].add(1);
  }
  if (!wants(s)) return;
  AccessRecord record = record_of(s);
  record.protocol = record.upstream_protocol = AccessProtocol::kTcp;
  in_.access_log.write(record);
}

AccessRecord TrafficObserver::record_of(const ConnectionInfo& connection, const RefusedRequest& request) const {
  AccessRecord record;
  record.start = in_.clock.wall();
  record.worker = in_.worker;
  record.status = request.status;
  record.reason = request.why.reason;
  record.direction = in_.direction;
  set_downstream(record, connection);
  set_request(record, request.head);
  return record;
}

void TrafficObserver::on_refused_request(const ConnectionInfo& connection, const RefusedRequest& request) {
  count_refused("request refused", connection.peer, request.why);
  if (!in_.access_log.wants(request.status, request.why.reason)) return;
  in_.access_log.write(record_of(connection, request));
}

void TrafficObserver::on_bad_connection(const ConnectionInfo& connection, const Error& why) {
  count_refused("connection refused", connection.peer, why);
}

void TrafficObserver::count_refused(std::string_view what, const Address& peer, const Error& why) {
  in_.listener.refused[why.reason].add(1);
  in_.logger.limited(LogLevel::kWarn, {"bad-connection", 10}, what,
                     {{"reason", why.reason}, {"peer", peer}, {"detail", why.detail}});
}
}  // namespace heddle
