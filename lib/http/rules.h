// Rules about heads that HTTP/1 and HTTP/2 share: grammar (RFC 9110, RFC 9112, RFC 3986), which fields end at this
// hop, what a Connection field may nominate, which trailers go no further. Pure predicates: they judge and never
// repair, because the path and the host that are authorised must be byte-identical to what is forwarded.
#pragma once
#include <string_view>

#include "lib/base/result.h"
#include "lib/http/head.h"

namespace heddle {
inline constexpr size_t kMaxMethodBytes = 32;
inline constexpr size_t kMaxHostBytes = 255;

bool is_token_char(char) noexcept;
bool is_token(std::string_view) noexcept;        // RFC 9110 §5.6.2; false when empty
bool is_lower_token(std::string_view) noexcept;  // a field name of HTTP/2 (RFC 9113 §8.2.1)
// RFC 9110 §5.5: no control byte but HTAB; obs-text is legal; white space at the ends is not part of a value.
bool is_field_value(std::string_view) noexcept;
// uri-host [":" port]: letters, digits, `-._~`, or an IPv6 literal without zone; port 1-65535. User information,
// lists and percent-encoding are refused although RFC 3986 knows some of them: a service name never needs them.
bool is_authority(std::string_view) noexcept;
bool authority_has_port(std::string_view) noexcept;

// A path with its query, beginning with `/`. Refused as ambiguous: dot segments in any spelling (`..`, `%2e.`,
// `..;x`, `..%3bx`), %2f, %5c, escaped control bytes and broken escapes in the path; `\`, `#`, white space, control and
// non-ASCII bytes anywhere. Kept as they are: `//` (legal, and backends tell them apart), %25, any query escape.
Result<void> check_path(std::string_view path);

// Everything about a request head that does not depend on the protocol version: method, authority, path, scheme.
// Empty authority only for HTTP/1.0. CONNECT without :protocol is refused with kUnsupported (malformed: kBadRequest).
Result<void> check_request_head(const RequestHead&);

// connection, keep-alive, proxy-connection, te, transfer-encoding, upgrade, http2-settings (RFC 9110 §7.6.1).
bool is_connection_level(HeaderName) noexcept;
// False for framing, routing and security fields: naming one of them in Connection is an attack, not an option (H6).
bool may_be_nominated(std::string_view lower_name) noexcept;
// `content_length` for `content-length`: some servers take one for the other (H10). Only those names are refused.
bool is_masked_name(std::string_view lower_name) noexcept;

// Fields by which meshes say who somebody is, and by which Heddle speaks of itself: x-forwarded-client-cert, l5d-*,
// x-mesh-*, x-heddle-*, heddle-*. Nobody may send them (reliability rule H8), but `heddle-via`: it says nothing about
// its sender and must come back to be of use (508).
bool is_identity_claim(const HeaderField&) noexcept;
// x-envoy-*: what Envoy says to itself and to applications about a request, some of it as identity.
bool is_envoy_field(const HeaderField&) noexcept;

// RFC 9110 §6.5.1: framing, routing, authentication, identity and payload fields mean nothing in trailers.
bool is_forbidden_trailer(const HeaderField&) noexcept;
void strip_trailers(HeaderMap&) noexcept;  // removes the forbidden ones
}  // namespace heddle
