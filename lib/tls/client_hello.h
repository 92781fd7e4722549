// The server name (SNI, RFC 6066 §3) that a client asks for in its TLS ClientHello, for connections whose TLS is
// somebody else's: nothing is terminated, nothing is consumed. A pure function of a prefix: once it gives a verdict,
// more bytes do not change it. Total: whatever is no well-formed ClientHello within the limit is kNotHello, never an
// error.
#pragma once
#include <cstdint>
#include <string>

#include "lib/base/bytes.h"

namespace heddle {
// Of the connection, with the heads of the records (5 bytes each); a client that needs more has no name for us.
inline constexpr size_t kMaxSniffedHello = 16 * 1024;

struct SniffedHello {
  enum class Step : uint8_t { kNeedMore, kNotHello, kHello };
  Step step = Step::kNeedMore;
  size_t needs = 1;           // kNeedMore: with fewer bytes no hello is whole; at most kMaxSniffedHello
  std::string server_name{};  // kHello: lower case, without a final dot; empty: the client sent none
};

// `prefix`: the first bytes of the connection, contiguous; bytes behind kMaxSniffedHello are not looked at. The hello
// may be spread over any number of records (RFC 8446 §5.1).
SniffedHello sniff_client_hello(Bytes prefix);
}  // namespace heddle
