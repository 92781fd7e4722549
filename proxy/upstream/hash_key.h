// The key by which consistent hashing keeps requests together, and its hash. Pure functions; no allocation.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/config/load_balancing.h"
#include "lib/http/head.h"
#include "lib/net/transport.h"

namespace heddle {
struct HashFacts {
  const RequestHead* request;  // nullptr: opaque TCP
  const ConnectionInfo& connection;
  std::string_view own_id;  // of the application beside us; empty: no identity yet
};

// Nothing where the policy asks for no key, or the request has none or an empty one. Of a header that stands in several
// lines the first counts, of cookies of one name too; the path is without its query. Who calls is the verified SPIFFE
// id of the connection; without one, as from the application beside us, our own. The address of the caller is that of
// the connection, without port, or what a PROXY header says it is; 127.0.0.1 and ::1 are nobody's.
std::optional<uint64_t> hash_of(const HashOn&, const HashFacts&) noexcept;
}  // namespace heddle
