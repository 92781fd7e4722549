// RouteFilters: what the filters of one rule of an HTTPRoute or GRPCRoute do to requests and answers, with everything
// worked out that does not depend on the request. Made when the snapshot is built, immutable, shared by all workers;
// owned by its RouteRule, whose route outlives it. Pure; allocates nothing per request but for arenas of heads that
// outgrow their block.
//
// Order, whatever the order in the resource (Gateway API: "core filters ... in any order"): CORS preflight, fault
// (delay, then abort), redirect, direct response; then set, add, remove of the rule and of the backend drawn; the
// rewrite; mirrors get what the filters of the rule leave. Answers: those of upstreams and the ones that the route
// itself asks for (redirect, direct response) get the response modifiers and CORS fields; preflight answers, aborts and
// errors (404, 500, 503 ...) of the sidecar do not. Which of the faults apply is derived from the request's one draw,
// so that a recorded request replays alike.
#pragma once
#include <memory>
#include <vector>

#include "lib/config/model.h"
#include "lib/http/head.h"
#include "lib/routing/cors.h"
#include "lib/routing/mirrors.h"
#include "lib/routing/path_rewrite.h"

namespace heddle {
enum class LocalAnswer : uint8_t { kNone, kPreflight, kAbort, kRedirect, kDirectResponse };

class RouteFilters {
 public:
  static constexpr size_t kNoBackend = SIZE_MAX;                 // the filters of the rule alone
  using Extension = std::shared_ptr<const HttpRouteFilterSpec>;  // that the rule names; nullptr without
  // `mirrors`: where those of the rule lead.
  RouteFilters(const HttpRouteRule& rule, Extension, std::vector<BackendSetId> mirrors);
  RouteFilters(const RouteFilters&) = delete;
  RouteFilters& operator=(const RouteFilters&) = delete;
  // nullptr when neither the rule nor one of its backends has filters.
  static std::shared_ptr<const RouteFilters> make(const HttpRouteRule&, Extension, std::vector<BackendSetId> mirrors);

  // Every request is answered here: the rule needs no backends.
  bool answers_all() const noexcept { return rule_.filters->redirect || direct_response() != nullptr; }
  // How long the request is held before anything else becomes of it; zero: not at all.
  Duration delay_of(const RequestHead&, uint64_t draw) const noexcept;
  LocalAnswer answer_to(const RequestHead&, uint64_t draw) const noexcept;

  // Before the request is sent to backend number `backend` of the rule. kBadRequest: the rewritten path is none;
  // kUriTooLong, kRequestHeadTooLarge.
  Result<void> apply_to_request(RequestHead&, size_t backend) const;
  // `backend`: nothing for an answer of our own. False: no room.
  [[nodiscard]] bool apply_to_answer(const RequestHead&, ResponseHead&, std::optional<size_t> backend) const;
  // Adds `location` and sets the status. `port`: of the service, as the client dialled it. kBadRequest,
  // kRequestHeadTooLarge as above.
  Result<void> write_redirect(const RequestHead&, uint16_t port, ResponseHead&) const;

  const CorsPolicy* cors() const noexcept { return cors_ ? &*cors_ : nullptr; }
  const DirectResponse* direct_response() const noexcept;
  const FaultAbort* abort() const noexcept;
  bool has_fault_for(const RequestHead&) const noexcept;  // by the headers it wants; the draw decides the rest
  const Extension& extension() const noexcept { return extension_; }
  const Mirrors& mirrors() const noexcept { return mirrors_; }

 private:
  Result<void> rewrite(RequestHead&) const;
  const HttpRouteRule& rule_;
  Extension extension_;
  Mirrors mirrors_;
  std::optional<CorsPolicy> cors_;
  PathRewrite rewrite_path_;
  PathRewrite redirect_path_;
};

// The filters in force for one request, and what they need to know of how it was routed. Valid while the snapshot is
// pinned.
struct FilterUse {
  const RouteFilters* filters = nullptr;  // null: none, which is nearly always so
  uint64_t draw = 0;
  uint16_t port = 0;    // of the service
  uint8_t backend = 0;  // the number of the backend drawn, in the rule
  explicit operator bool() const noexcept { return filters != nullptr; }
};
static_assert(kMaxRuleBackends <= UINT8_MAX);
}  // namespace heddle
