// SessionPersistence: keeps the requests of a session on the endpoint that answered it first (Gateway API GEP-1619).
// One for each rule that asks for it; immutable, part of the snapshot, shared by all workers. Reads what a request
// carries and writes what its answer carries; whether an endpoint is usable, others know. Pure, no allocation per
// request. A session goes before weights, even of 0, and before the balancer.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lib/base/strong_id.h"
#include "lib/config/model.h"
#include "lib/http/head.h"
#include "lib/routing/session_token.h"

namespace heddle {
// What the token of a request means to a rule.
enum class SessionVerdict : uint8_t {
  kNone,       // there is none
  kMalformed,  // nothing that Heddle wrote, or of another version of it
  kForeign,    // of another rule, or of a backend set that the rule names no more
  kFuture,     // more than kMaxClockSkew ahead of our clock
  kExpired,    // absoluteTimeout
  kIdle,       // idleTimeout
  kGone,       // its endpoint left the set, has no weight, is unhealthy or ejected
  kValid,
};
std::string_view to_text(SessionVerdict) noexcept;  // "valid"

struct FoundSession {
  SessionVerdict verdict = SessionVerdict::kNone;
  uint8_t backend = 0;  // its number in the rule; from kFuture on
  SessionToken token{};
  explicit operator bool() const noexcept { return verdict == SessionVerdict::kValid; }
};

struct SessionBackend {
  BackendSetId set;
  uint64_t scope = 0;  // session_scope() of the backend set
  bool operator==(const SessionBackend&) const = default;
};

class SessionPersistence {
 public:
  static constexpr Duration kMaxClockSkew = 60s;  // between two sidecars
  // `backends` in the order of the rule.
  SessionPersistence(const HttpRouteSpec&, uint32_t rule, std::vector<SessionBackend> backends);

  // Whose the token of a request is, whatever its times say; never kGone.
  FoundSession find(const HeaderMap& request) const noexcept;
  // What find() found, judged by its times.
  FoundSession judge(FoundSession, WallTime now) const noexcept;
  FoundSession read(const HeaderMap& request, WallTime now) const noexcept { return judge(find(request), now); }
  // The token of an answer by `endpoint` of a backend; nothing: the client has it already.
  std::optional<SessionToken> next(const FoundSession& was, uint8_t backend, uint64_t endpoint,
                                   WallTime now) const noexcept;
  // Adds it: a cookie beside the application's, a header in the place of the application's. `match`: of the rule, by
  // which the request came. False: there is no room.
  [[nodiscard]] bool write(const SessionToken&, size_t match, WallTime now, HeaderMap& answer) const;

  const std::string& name() const noexcept { return name_; }  // of the cookie or header
  const SessionPersistenceSpec& spec() const noexcept { return *spec_; }
  const std::vector<SessionBackend>& backends() const noexcept { return backends_; }
  BackendSetId set(uint8_t backend) const noexcept { return backends_[backend].set; }

 private:
  Rare<SessionPersistenceSpec> spec_;
  std::string name_;
  std::vector<SessionBackend> backends_;
  std::vector<uint64_t> hashes_;         // session_backend() of each
  std::vector<std::string> attributes_;  // of the cookie, by match: "; Path=/a; HttpOnly; SameSite=Lax"
};

// What a request needs of its rule's persistence until it is answered.
struct SessionUse {
  const SessionPersistence* rule = nullptr;  // nullptr: nobody asked for it
  uint8_t match = 0;
  uint8_t backend = 0;  // the one it goes to
  FoundSession found{};
  explicit operator bool() const noexcept { return rule != nullptr; }
  // The endpoint it must go to, 0: whichever.
  uint64_t endpoint() const noexcept { return found ? found.token.endpoint : 0; }
};

// Path of a cookie for requests by this match (GEP-1619): the path that it asks for; of an expression the part in front
// of the first segment that is not plain text.
std::string session_cookie_path(const PathMatch&);
}  // namespace heddle
