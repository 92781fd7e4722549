// PodTokenReviewer: what the Kubernetes API server says of a pod's token, as the issuer asks for it. What went wrong
// between us and the API server is no fault of the token: it is kUnavailable and told in the log. Control loop.
#pragma once
#include "control/ca/pod_reviews.h"
#include "control/kube/token_review.h"
#include "lib/base/log.h"

namespace heddle {
// kUnauthenticated stays; whatever else is kUnavailable.
Error review_fault(Error);

class PodTokenReviewer final : public PodReviewer {
 public:
  PodTokenReviewer(KubeClient& client, Logger log) : reviewer_(client), log_(log) {}
  [[nodiscard]] Pending review(std::string_view token, Done done) override;

 private:
  TokenReviewer reviewer_;
  Logger log_;
};
}  // namespace heddle
