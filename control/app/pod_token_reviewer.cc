#include "control/app/pod_token_reviewer.h"

#include <utility>

namespace heddle {
Error review_fault(Error why) {
  if (why.reason == Reason::kUnauthenticated) return why;
  why.reason = Reason::kUnavailable;
  return std::move(why).within("the API server could not be asked whose the token is");
}

Pending PodTokenReviewer::review(std::string_view token, Done done) {
  return reviewer_.review(token, [this, done = std::move(done)](Result<ReviewedToken> said) mutable {
    if (said) {
      return done(ReviewedPod{std::move(said->namespace_name), std::move(said->service_account),
                              std::move(said->pod_name), std::move(said->pod_uid)});
    }
    Error why = review_fault(std::move(said).error());
    if (why.reason == Reason::kUnavailable) {
      log_.limited(LogLevel::kError, {"token_review"}, "no sidecar of a pod gets a certificate", {{"error", why}});
    }
    done(std::move(why));
  });
}
}  // namespace heddle
