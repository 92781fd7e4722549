#include "proxy/exchange/caller_fields.h"

#include <array>

#include "certs/peer_certificate.h"
#include "lib/base/strings.h"
#include "lib/http/rules.h"

namespace heddle {
namespace {
bool add_client_cert(HeaderMap& fields, std::string_view by, const PeerCertificate& peer) {
  if (!peer.spiffe_id()) return true;
  std::array<std::string_view, 4> pieces = {by, peer.fingerprint(), ";URI=", peer.spiffe_id()->text()};
  return fields.add(HeaderName::kXForwardedClientCert, pieces);
}

// Several lines are one list (RFC 9110 §5.3); applications that look at the first line only must see all of it.
bool append_forwarded_for(HeaderMap& fields, std::string_view ip) {
  using enum HeaderName;
  std::string joined;
  std::string_view before = fields.get(kXForwardedFor).value_or("");
  if (fields.count(kXForwardedFor) > 1) {
    for (size_t i = 0; i < fields.size(); ++i) {
      HeaderField field = fields.at(i);
      if (field.id == kXForwardedFor) joined.append(joined.empty() ? "" : ", ").append(field.value);
    }
    before = joined;
  }
  std::array<std::string_view, 3> pieces = {before, before.empty() ? "" : ", ", ip};
  fields.remove(kXForwardedFor);
  return fields.add(kXForwardedFor, pieces);
}

// What is known of a caller whose word does not count.
bool set_forwarded(HeaderMap& fields, const ConnectionInfo& caller) {
  using enum HeaderName;
  fields.remove(kForwarded);
  if (!fields.set(kXForwardedProto, caller.is_tls ? "https" : "http")) return false;
  Address::IpText room;
  std::string_view ip = caller.peer.ip(room);
  return ip.empty() || append_forwarded_for(fields, ip);
}
}  // namespace

void OwnName::set(const SpiffeId& own) {
  id_ = own.text();
  text_ = str_cat("By=", id_, ";Hash=");
}

void CallerFields::remove_claims(HeaderMap& fields) const noexcept {
  bool inbound = rules_.direction == Direction::kInbound;
  for (size_t i = fields.size(); i-- > 0;) {
    HeaderField field = fields.at(i);
    if (is_identity_claim(field) || (inbound && is_envoy_field(field))) fields.remove_at(i);
  }
}

bool CallerFields::is_trusted(const ConnectionInfo& caller) const noexcept {
  if (rules_.direction == Direction::kOutbound) return true;
  bool member = caller.peer_certificate != nullptr && !caller.is_foreign;
  return rules_.trusted == TrustForwarded::kAll || (member && rules_.trusted == TrustForwarded::kMesh);
}

Result<void> CallerFields::apply(HeaderMap& fields, const ConnectionInfo& caller) const {
  remove_claims(fields);
  bool fits = is_trusted(caller) || set_forwarded(fields, caller);
  bool tells = rules_.direction == Direction::kInbound && rules_.client_cert == ForwardClientCert::kSet;
  if (fits && tells && caller.peer_certificate != nullptr) {
    fits = add_client_cert(fields, own_.text(), *caller.peer_certificate);
  }
  if (!fits) return make_error(Reason::kRequestHeadTooLarge, "no room to say who sent it", Origin::kDownstream);
  return {};
}
}  // namespace heddle
