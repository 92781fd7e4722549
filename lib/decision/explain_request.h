// A question to explain() as JSON: the body of POST /v1/explain of the control plane and of POST /explain of a
// sidecar's admin. Pure; finds all problems, not the first. Limit: 100 headers.
#pragma once
#include "lib/base/json_reader.h"
#include "lib/decision/explain_query.h"

namespace heddle {
// {"method","url","namespace","from","headers":{name: value},"draw":"0"}; kBadRequest (kUnsupported for what only a
// later version answers), one problem per line. `draw` is 64 bits wide, hence text.
Result<ExplainQuery> read_explain(std::string_view body);

// Those of the fields that every question has: all but `namespace`. Does not call finish().
ExplainWords read_explain_words(JsonObject&);
// Of the problems of a question.
Error explain_refusal(const Problems&);
}  // namespace heddle
