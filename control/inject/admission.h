// What the API server asks before it keeps a pod, and what it is told: AdmissionReview (admission.k8s.io/v1) with a
// JSON Patch. Pure. A pod that cannot get the sidecar it was asked for is refused with a text that says what to change:
// it must not run without one. Source: Kubernetes, Dynamic Admission Control.
#pragma once
#include <functional>

#include "lib/base/result.h"
#include "lib/inject/inject.h"

namespace heddle {
inline constexpr size_t kMaxAdmissionReview = 8 << 20;  // bytes; an object has 1.5 MiB at most, and comes once

// The object of a namespace; nothing: it is not known (yet).
using FindNamespace = std::function<std::optional<JsonValue>(std::string_view name)>;

struct AdmissionAnswer {
  std::string body;  // an AdmissionReview
  InjectResult result = InjectResult::kNotAsked;
  std::string pod;      // "shop/web-1", "shop/web-*", for the log
  std::string problem;  // why it was refused; empty: it was not
};
// Whoever says a uid is answered with it: of what is no v1, no Pod or has no object that it is refused (code 400), of
// operations but CREATE that it is let through as it came. kBadRequest: no AdmissionReview with a uid; the API server
// goes by its failurePolicy then.
Result<AdmissionAnswer> answer_admission(std::string_view review, const InjectSettings&, const FindNamespace&);
}  // namespace heddle
