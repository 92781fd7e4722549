// CallerFields: what a request may say about who sent it and from where (reliability rules H8, H9). Removes what a
// caller claims and adds what is known: once per request, before routing and authorization see it, and after the codec
// has removed what `Connection` nominates. One per listener and worker; belongs to its loop; allocates nothing but for
// an x-forwarded-for in several lines.
//
// x-forwarded-client-cert is in Envoy's format: By=<our id>;Hash=<SHA-256 of the caller's certificate>;URI=<its id>.
// Values would be quoted if they had one of `,;="`; an id and a hash in hexadecimal cannot (SPIFFE-ID §2).
#pragma once
#include <string>

#include "certs/spiffe_id.h"
#include "lib/http/head.h"
#include "lib/net/transport.h"
#include "proxy/telemetry/access_record.h"

namespace heddle {
enum class ForwardClientCert : uint8_t { kOff, kSet };
// Whose x-forwarded-for, x-forwarded-proto and forwarded are passed on as they are. The mesh is our own trust domain.
enum class TrustForwarded : uint8_t { kNone, kMesh, kAll };

struct CallerRules {
  Direction direction = Direction::kOutbound;
  ForwardClientCert client_cert = ForwardClientCert::kSet;  // inbound
  TrustForwarded trusted = TrustForwarded::kMesh;           // inbound; our own application is always believed
};

// Who this worker is, and how the client certificate's field begins there. Outlives the CallerFields of all listeners.
class OwnName {
 public:
  void set(const SpiffeId& own);
  const std::string& text() const noexcept { return text_; }
  std::string_view id() const noexcept { return id_; }  // empty until there is one

 private:
  std::string id_;
  std::string text_ = "Hash=";  // without `By` until there is an identity
};

class CallerFields {
 public:
  CallerFields(CallerRules rules, const OwnName& own) : rules_(rules), own_(own) {}
  // kRequestHeadTooLarge: no room to say who the caller is. Then the request must not go on.
  Result<void> apply(HeaderMap&, const ConnectionInfo&) const;

 private:
  void remove_claims(HeaderMap&) const noexcept;
  bool is_trusted(const ConnectionInfo&) const noexcept;

  CallerRules rules_;
  const OwnName& own_;
};
}  // namespace heddle
