// The body of POST /v1/explain -> a question. Pure; finds all problems, not the first. Limit: 100 headers.
#pragma once
#include "lib/decision/explain_query.h"

namespace heddle {
// {"method","url","namespace","from","sni","headers":{name: value}}; kBadRequest (kUnsupported for what only a later
// version answers), one problem per line.
Result<ExplainQuery> read_explain(std::string_view body);
}  // namespace heddle
