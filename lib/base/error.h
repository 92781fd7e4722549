// Errors are values: a cause (Reason), whose fault it was (Origin) and a detail for operators.
// One table (error.cc) turns a cause into its name, HTTP status, gRPC status, retry permission and log flag;
// nobody writes `502` elsewhere. Pure values: no loop, no ownership.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace heddle {

enum class Origin : uint8_t { kDownstream, kUpstream, kSelf };

// One enumerator per thing Heddle can say. The names (`heddle-reason`, log, metric label, trace) stand in the table.
enum class Reason : uint16_t {
  kNone = 0,  // not an error: the upstream answered
  // downstream: what the client did
  kBadRequest,
  kUriTooLong,
  kRequestHeadTooLarge,
  kRequestHeadTimeout,
  kUnsupportedVersion,
  kUnsupportedTransferCoding,
  kExpectationFailed,
  kUpgradeRefused,
  kDownstreamReset,
  kDownstreamClosed,
  kDownstreamProtocolError,
  kStreamIdleTimeout,
  kConnectionIdleTimeout,
  kAbuse,
  kLoopDetected,
  kDetectTimeout,
  kProxyHeaderInvalid,
  // identity and authorization
  kTlsHandshakeFailed,
  kTlsHandshakeTimeout,
  kPlaintextRefused,
  kPeerCertificateMissing,
  kPeerCertificateInvalid,
  kPeerIdentityUnexpected,
  kPeerTrustDomainUnknown,
  kAuthzDenied,
  // routing and admission
  kRouteNotFound,
  kServiceUnknown,
  kTooManyWants,
  kBackendSetMissing,
  kNoHealthyEndpoint,
  kPendingOverflow,
  kPendingTimeout,
  kRequestOverflow,
  kConnectionOverflow,
  kOverload,
  kDraining,
  kNoConfig,
  // asked for by a filter of the route
  kRouteRedirect,
  kDirectResponse,
  kCorsPreflight,
  kFaultAbort,
  // upstream: what the backend did
  kUpstreamConnectRefused,
  kUpstreamConnectTimeout,
  kUpstreamConnectFailed,
  kUpstreamTlsFailed,
  kUpstreamIdentityUnexpected,
  kUpstreamRefusedStream,
  kUpstreamGoAway,
  kUpstreamReset,
  kUpstreamClosed,
  kUpstreamProtocolError,
  kUpstreamHeadTooLarge,
  kUpstreamHeadTimeout,
  kUpstreamTooManyInformational,
  kUpstreamStatus,
  kRequestTimeout,
  kApplicationUnreachable,
  // ourselves
  kConfigInvalid,
  kIo,
  kNotFound,
  kConflict,
  kUnauthenticated,
  kForbidden,
  kTooLarge,
  kRateLimited,
  kUnavailable,
  kUnsupported,
  kTimeout,
  kCancelled,
  kInternal,
  // intercepted connections
  kNotRedirected,
  kExternalDenied,
  kCount
};

enum class Retry : uint8_t {
  kNever,
  kUnprocessed,  // the try was never processed: another endpoint may be asked
  kIdempotent,   // only if the request is idempotent and a policy says so
};

struct ReasonInfo {
  std::string_view name;  // kebab-case: heddle-reason, log, metric label, trace
  uint16_t status;        // HTTP status of an answer made for it
  uint8_t grpc_status;
  Retry retry;
  std::string_view flag;  // Envoy's response flag, "-" where there is none
  std::string_view hint;  // one line for the operator: what to look at next
};

const ReasonInfo& info(Reason) noexcept;

struct [[nodiscard]] Error {
  Reason reason = Reason::kInternal;
  Origin origin = Origin::kSelf;
  std::string detail;

  // Adds context while crossing a layer: "what: detail".
  Error within(std::string_view what) &&;
  // "reason-name: detail", for logs.
  std::string text() const;
};

Error make_error(Reason, std::string detail, Origin = Origin::kSelf);
}  // namespace heddle
