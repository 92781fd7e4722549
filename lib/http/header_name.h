// HeaderName: the field names Heddle itself looks at, as small numbers, so that the hot path compares integers.
// Names inside Heddle are lower case (RFC 9113 §8.2.1); HTTP/1 names are lowered when they are parsed. Pure.
#pragma once
#include <cstdint>
#include <string_view>

namespace heddle {
enum class HeaderName : uint8_t {
  kOther,
  kAccept,
  kAuthorization,
  kConnection,
  kContentLength,
  kContentType,
  kCookie,
  kDate,
  kExpect,
  kForwarded,
  kGrpcMessage,
  kGrpcStatus,
  kGrpcTimeout,
  kHeddleReason,
  kHeddleVia,
  kHost,
  kHttp2Settings,
  kKeepAlive,
  kLocation,
  kProxyAuthorization,
  kProxyConnection,
  kRetryAfter,
  kServer,
  kTe,
  kTraceparent,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kUserAgent,
  kVia,
  kXForwardedClientCert,
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedProto,
  kXRequestId,
  kCount
};
// `lower` must be lower case; kOther when it is not one of the above.
HeaderName header_name(std::string_view lower) noexcept;
std::string_view to_text(HeaderName) noexcept;  // empty for kOther
}  // namespace heddle
