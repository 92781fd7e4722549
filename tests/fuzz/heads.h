// What fuzz targets say about heads: the rules every accepted head keeps, and that it survives the next hop unchanged,
// over HTTP/1 as over HTTP/2. Pure.
#pragma once
#include <string>
#include <string_view>

#include "lib/http/head.h"
#include "lib/http/limits.h"

namespace heddle::fuzz {
// A head as text, without what may differ from hop to hop: version, `te`, where cookies stand.
std::string canonical(const RequestHead&);
std::string canonical(const ResponseHead&);

// What head.h and rules.h promise about a head that a codec hands over.
void expect_rules(const RequestHead&, const HttpLimits&);
void expect_rules(const ResponseHead&, const HttpLimits&);

enum class BodyFollows : uint8_t { kNo, kYes };
// `head` goes through a client's codec into a server's, once per protocol, and arrives as it was.
void expect_crosses(const RequestHead& head, BodyFollows, const HttpLimits&);
// `head` answers a request made with `method` ("websocket": an upgrade), once per protocol. Not over HTTP/2: a 2xx that
// does not upgrade (RFC 8441 §5 has no room for it; the exchange answers 502 instead).
void expect_crosses(const ResponseHead& head, BodyFollows, std::string_view method, const HttpLimits&);

// The limits of the hop after the one that has `limits`, as HttpLimits::mesh() relates to the defaults.
HttpLimits next_hop(HttpLimits limits);
// So small that a fuzzer reaches every one of them.
HttpLimits small_limits();
}  // namespace heddle::fuzz
