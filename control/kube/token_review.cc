#include "control/kube/token_review.h"

#include <algorithm>

#include "control/kube/kube_limits.h"
#include "control/kube/kube_resource.h"
#include "lib/api/resource.h"
#include "lib/base/strings.h"
#include "lib/event/soon.h"

namespace heddle {
namespace {
constexpr std::string_view kServiceAccount = "system:serviceaccount:";

Error no(std::string what) { return make_error(Reason::kUnauthenticated, std::move(what)); }

std::string text_of(const JsonValue& object, std::string_view field) {
  std::optional<JsonValue> found = object.find(field);
  return found ? std::string(found->as_string().value_or("")) : "";
}

// user.extra holds lists; those of a bound token have one entry.
std::string extra(const JsonValue& user, std::string_view name) {
  JsonValue values = user.find({"extra", name}).value_or(JsonValue());
  return values.size() == 1 ? std::string(values.at(0).as_string().value_or("")) : "";
}

bool names(const JsonValue& audiences, std::string_view audience) {
  for (size_t i = 0; i < audiences.size(); ++i) {
    if (audiences.at(i).as_string() == audience) return true;
  }
  return false;
}

// "system:serviceaccount:<namespace>:<name>"
Result<ReviewedToken> account_of(std::string_view username) {
  if (!username.starts_with(kServiceAccount)) return no("the token is not of a service account");
  std::vector<std::string_view> parts = split(username.substr(kServiceAccount.size()), ':');
  bool is_good = parts.size() == 2 && is_dns_label(parts[0]) && is_dns_name(parts[1]);
  if (!is_good) return no(str_cat("the token is of ", in_quotes(username), ", which names no service account"));
  ReviewedToken out;
  out.namespace_name = parts[0];
  out.service_account = parts[1];
  return out;
}
}  // namespace

std::string encode_token_review(std::string_view token, std::string_view audience) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().field("apiVersion", "authentication.k8s.io/v1").field("kind", "TokenReview");
  writer.key("spec").begin_object().field("token", token);
  writer.key("audiences").begin_array().string(audience).end_array();
  writer.end_object().end_object();
  return out;
}

Result<ReviewedToken> decode_token_review(const JsonValue& review, std::string_view audience) {
  JsonValue status = review.find("status").value_or(JsonValue());
  JsonValue authenticated = status.find("authenticated").value_or(JsonValue());
  if (authenticated.as_bool() != true) {
    std::string why = text_of(status, "error").substr(0, 200);
    return no(str_cat("the API server does not know the token", why.empty() ? "" : ": ", why));
  }
  if (!names(status.find("audiences").value_or(JsonValue()), audience)) {
    return no(str_cat("the token is not for the audience ", in_quotes(audience)));
  }
  JsonValue user = status.find("user").value_or(JsonValue());
  HEDDLE_TRY(ReviewedToken out, account_of(text_of(user, "username")));
  out.account_uid = text_of(user, "uid");
  out.pod_name = extra(user, "authentication.kubernetes.io/pod-name");
  out.pod_uid = extra(user, "authentication.kubernetes.io/pod-uid");
  return out;
}

Pending TokenReviewer::review(std::string_view token, Done done) {
  if (token.empty() || token.size() > kMaxKubeToken) {
    return soon(client_.loop(), [done = std::move(done)]() mutable { done(no("a token has 1 byte to 64 KiB")); });
  }
  KubeRequest request;
  request.method = "POST";
  request.path = KubeResource{"authentication.k8s.io", "v1", "tokenreviews"}.path();
  request.body = encode_token_review(token, audience_);
  request.is_repeatable = true;
  request.attempt = 5s;
  request.whole = 10s;
  return client_.call(std::move(request),
                      [audience = audience_, done = std::move(done)](const KubeAnswer& answer) mutable {
                        if (answer.failure) return done(answer.failure->to_error());
                        done(decode_token_review(answer.object, audience));
                      });
}
}  // namespace heddle
