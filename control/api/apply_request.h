// The body of POST /v1/apply -> a transaction of the store, and the rules the whole must keep after it. Pure; finds all
// problems, not the first. Items with metadata.resourceVersion are applied only if the store still holds that version.
#pragma once
#include "control/api/answers.h"
#include "control/store/store.h"

namespace heddle {
// {"kind":"List","items":[envelope...],"delete":["HTTPRoute/default/hello"...]}, `delete` optional; kConfigInvalid (or
// kBadRequest for what is no list) when a problem was added.
Result<Transaction> read_apply(std::string_view body, std::vector<ApiProblem>& problems);

// References between all resources (lib/config validate, the whole model; `own`: our trust domain). Problems go to
// `problems`, which must outlive the admission; the error it answers has this reason.
Admission whole_admission(std::vector<ApiProblem>& problems, Reason reason, const TrustDomain& own);
}  // namespace heddle
