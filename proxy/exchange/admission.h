// Admission: whether a listener lets a request or connection in, asked after its target is known and before anything is
// dialled. AuthzNote: what answer, access log and metrics say about it. Belongs to one loop; asking allocates nothing.
#pragma once
#include <array>
#include <memory>
#include <span>
#include <string_view>

#include "lib/base/error.h"
#include "lib/http/head.h"
#include "lib/net/transport.h"
#include "lib/policy/authz.h"

namespace heddle {
struct AuthzNote {
  enum class Kind : uint8_t { kNone, kAudited, kDenied };
  Kind kind = Kind::kNone;
  AuthzCause cause = AuthzCause::kNoPolicy;
  uint32_t rule = 0;                                        // of kRule
  uint64_t version = 0;                                     // sequence of the snapshot that decided
  std::shared_ptr<const AuthorizationPolicySpec> policy{};  // null of kNone, and of a foreign caller where none is
  bool caller_may_read = false;                             // which policy denied; by its own id
};

class Admission {
 public:
  // kNone: come in. kAuthzDenied; kNoConfig. `request` is null for opaque TCP. Counts.
  virtual Reason admit(const RequestHead* request, const ConnectionInfo&, AuthzNote&) = 0;
  // Whether what was let in would still be. Counts nothing.
  virtual bool still_admits(const RequestHead*, const ConnectionInfo&) const = 0;

 protected:
  ~Admission() = default;
};

// Who calls, at a listener in front of that port of the application.
AuthzFacts authz_facts_of(const ConnectionInfo&, uint16_t port, const RequestHead*) noexcept;

// "authz-denied; policy=shop/cart; rule=2; version=184". Without an index the rule is the cause's word (AuthzCause).
using AuthzText = std::array<char, 512>;
std::string_view authz_reason_text(const AuthzNote&, AuthzText&) noexcept;
}  // namespace heddle
