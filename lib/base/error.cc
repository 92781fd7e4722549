#include "lib/base/error.h"

#include <array>
#include <utility>

namespace heddle {
namespace {
using enum Retry;
using Table = std::array<ReasonInfo, static_cast<size_t>(Reason::kCount)>;

// In the order of the enum; error_test.cc checks that no row is missing and every name is unique.
constexpr Table kTable = {{
    {"none", 200, 0, kNever, "-", ""},
    {"bad-request", 400, 3, kNever, "DPE", "the client sent a malformed request; the detail names the rule"},
    {"uri-too-long", 414, 3, kNever, "DPE", "the request target exceeds the limit of 16 KiB"},
    {"request-head-too-large", 431, 8, kNever, "DPE", "headers exceed 60 KiB or 100 fields"},
    {"request-head-timeout", 408, 4, kNever, "DPE", "the request head did not arrive within 10 s"},
    {"unsupported-version", 505, 12, kNever, "DPE", "only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken"},
    {"unsupported-transfer-coding", 501, 12, kNever, "DPE", "only `chunked` is understood"},
    {"expectation-failed", 417, 9, kNever, "DPE", "only `100-continue` is understood"},
    {"upgrade-refused", 400, 12, kNever, "DPE", "this listener does not carry that upgrade"},
    {"downstream-reset", 499, 1, kNever, "DR", "the client cancelled the request"},
    {"downstream-closed", 499, 1, kNever, "DC", "the client closed its connection"},
    {"downstream-protocol-error", 400, 13, kNever, "DPE", "the client broke the protocol"},
    {"stream-idle-timeout", 408, 4, kNever, "SI", "nothing moved on the stream for its idle timeout"},
    {"connection-idle-timeout", 408, 4, kNever, "SI", "the connection was idle for its timeout"},
    {"abuse", 429, 8, kNever, "OM", "the peer crossed the abuse threshold of its connection"},
    {"loop-detected", 508, 13, kNever, "-", "the request passed this proxy five times; look for a route to itself"},
    {"detect-timeout", 408, 4, kNever, "DPE", "the client sent nothing within the detection time of 10 s"},
    {"proxy-header-invalid", 400, 13, kNever, "DPE", "no good PROXY header; the detail says what is wrong with it"},
    {"tls-handshake-failed", 495, 16, kNever, "-", "see the detail: certificate, protocol version or ALPN"},
    {"tls-handshake-timeout", 408, 4, kNever, "-", "the handshake did not finish within 10 s"},
    {"plaintext-refused", 400, 16, kNever, "-", "this port is `tls: strict`; the caller has no sidecar"},
    {"peer-certificate-missing", 495, 16, kNever, "-", "the caller showed no certificate"},
    {"peer-certificate-invalid", 495, 16, kNever, "-", "the detail names the rule of the SPIFFE standard"},
    {"peer-identity-unexpected", 403, 7, kNever, "-", "the certificate is valid but names another identity"},
    {"peer-trust-domain-unknown", 495, 16, kNever, "-", "no bundle for that trust domain"},
    {"authz-denied", 403, 7, kNever, "UAEX", "an AuthorizationPolicy denied the request"},
    {"route-not-found", 404, 12, kNever, "NR", "no rule of the service's routes matches"},
    {"service-unknown", 404, 5, kNever, "NR", "no such service, or it is not visible to this identity"},
    {"too-many-wants", 503, 8, kNever, "NR", "this sidecar already holds 1,000 services"},
    {"backend-set-missing", 500, 14, kNever, "NC", "the route names a backend that does not exist"},
    {"no-healthy-endpoint", 503, 14, kNever, "UH", "every endpoint of the backend set is down or there is none"},
    {"pending-overflow", 503, 8, kNever, "UO", "too many requests wait for a connection to the backend set"},
    {"pending-timeout", 503, 4, kNever, "UO", "the request waited too long for a connection (3 s by default)"},
    {"request-overflow", 503, 8, kNever, "UO", "too many requests in flight to the backend set"},
    {"connection-overflow", 503, 8, kNever, "UO",
     "the backend set has all connections it may have, and none became free"},
    {"overload", 503, 8, kNever, "OM", "the proxy sheds load"},
    {"draining", 503, 14, kNever, "-", "the proxy is shutting down"},
    {"no-config", 503, 14, kNever, "NR", "no configuration has arrived yet"},
    {"route-redirect", 302, 2, kNever, "-", "a RequestRedirect filter of the route; its status is the filter's"},
    {"direct-response", 200, 2, kNever, "-", "an HTTPRouteFilter of the route answers; its status is the filter's"},
    {"cors-preflight", 204, 2, kNever, "-", "the route's CORS filter answered a browser that asks what it may do"},
    {"fault-abort", 503, 14, kNever, "FI", "an HTTPRouteFilter of the route aborts it, as somebody wanted to test"},
    {"upstream-connect-refused", 503, 14, kUnprocessed, "UF", "nothing listens on the endpoint's port"},
    {"upstream-connect-timeout", 503, 14, kUnprocessed, "UF", "the endpoint did not answer the connect in time"},
    {"upstream-connect-failed", 503, 14, kUnprocessed, "UF", "the detail carries the system's error"},
    {"upstream-tls-failed", 503, 14, kUnprocessed, "UF", "the handshake with the endpoint failed"},
    {"upstream-identity-unexpected", 503, 14, kUnprocessed, "UF", "the endpoint proved another SPIFFE id"},
    {"upstream-refused-stream", 503, 14, kUnprocessed, "UR", "the endpoint refused the stream unprocessed"},
    {"upstream-go-away", 503, 14, kUnprocessed, "UC", "the endpoint closed the connection before this stream"},
    {"upstream-reset", 502, 14, kIdempotent, "UR", "the endpoint reset the stream"},
    {"upstream-closed", 502, 14, kIdempotent, "UC", "the endpoint closed the connection before it answered"},
    {"upstream-protocol-error", 502, 13, kNever, "UPE", "the endpoint's answer breaks the protocol"},
    {"upstream-head-too-large", 502, 13, kNever, "UPE", "the answer's headers exceed 60 KiB or 100 fields"},
    {"upstream-head-timeout", 504, 4, kIdempotent, "UT", "the endpoint did not answer in time"},
    {"upstream-too-many-informational", 502, 13, kNever, "UPE", "more than 16 informational answers"},
    {"upstream-status", 502, 14, kIdempotent, "-", "the endpoint's answer had a status that the route's retry names"},
    {"request-timeout", 504, 4, kNever, "UT", "the route's request timeout passed"},
    {"application-unreachable", 503, 14, kUnprocessed, "UF", "the local application does not accept connections"},
    {"config-invalid", 400, 3, kNever, "-", "every problem is listed with its field path"},
    {"io", 500, 13, kNever, "-", "the detail carries the system's error"},
    {"not-found", 404, 5, kNever, "-", ""},
    {"conflict", 409, 10, kNever, "-", "the resource changed meanwhile: get it again"},
    {"unauthenticated", 401, 16, kNever, "-", "no valid token or certificate"},
    {"forbidden", 403, 7, kNever, "-", "the caller's role does not allow this"},
    {"too-large", 413, 8, kNever, "-", "the detail names the limit"},
    {"rate-limited", 429, 8, kNever, "RL", "try again later"},
    {"unavailable", 503, 14, kNever, "-", "try again later"},
    {"unsupported", 501, 12, kNever, "-", "this version of Heddle does not do that yet"},
    {"timeout", 504, 4, kNever, "UT", ""},
    {"cancelled", 499, 1, kNever, "-", ""},
    {"internal", 500, 13, kNever, "-", "a bug in Heddle: please report it"},
    {"not-redirected", 502, 14, kNever, "-", "nobody redirected the connection: it came to the listener itself"},
    {"external-denied", 403, 7, kNever, "-",
     "the destination is not of the mesh, and the listener says external: deny"},
}};
}  // namespace

const ReasonInfo& info(Reason reason) noexcept {
  auto index = static_cast<size_t>(reason);
  return index < kTable.size() ? kTable[index] : kTable[static_cast<size_t>(Reason::kInternal)];
}

Error Error::within(std::string_view what) && {
  std::string text(what);
  text.append(": ").append(detail);
  detail = std::move(text);
  return std::move(*this);
}

std::string Error::text() const {
  std::string out(info(reason).name);
  if (!detail.empty()) out.append(": ").append(detail);
  return out;
}

Error make_error(Reason reason, std::string detail, Origin origin) { return Error{reason, origin, std::move(detail)}; }
}  // namespace heddle
