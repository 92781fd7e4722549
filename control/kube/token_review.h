// TokenReview: asks the Kubernetes API server whose a service account token is. For attestation of pods: the token is a
// projected one of our audience. Reading an answer is pure and strict: whatever is missing is "no".
#pragma once
#include "control/kube/kube_client.h"

namespace heddle {
inline constexpr std::string_view kTokenAudience = "heddle.dev/identity";

struct ReviewedToken {
  std::string namespace_name;
  std::string service_account;
  std::string account_uid;
  std::string pod_name;  // empty: the token is bound to no pod
  std::string pod_uid;
  bool operator==(const ReviewedToken&) const = default;
};

std::string encode_token_review(std::string_view token, std::string_view audience);
// kUnauthenticated: not a token of this cluster, not for this audience (a server that knows no audiences names none),
// or not of a service account. The token is never in an error.
Result<ReviewedToken> decode_token_review(const JsonValue& review, std::string_view audience);

class TokenReviewer {
 public:
  using Done = UniqueFunction<void(Result<ReviewedToken>)>;
  explicit TokenReviewer(KubeClient& client, std::string audience = std::string(kTokenAudience))
      : client_(client), audience_(std::move(audience)) {}
  // `done` runs once, from the loop. Beyond decode_token_review()'s errors: kUnavailable and others of KubeStatus,
  // where the server could not be asked; kForbidden there means that *we* may not review tokens.
  [[nodiscard]] Pending review(std::string_view token, Done done);

 private:
  KubeClient& client_;
  std::string audience_;
};
}  // namespace heddle
