#include "control/api/explainer.h"

#include "control/api/view_model.h"
#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "lib/decision/explain_request.h"

namespace heddle {
Result<std::string> Explainer::answer(std::string_view body, const MayRead& may_read) {
  HEDDLE_TRY(ExplainQuery query, read_explain(body));
  if (may_read) HEDDLE_CHECK_OK(may_read(query.client_ns()));
  HEDDLE_TRY(std::shared_ptr<const Snapshot> snapshot, newest());
  Explanation answer = explain(*snapshot, query);
  std::string_view service = answer.service;
  if (may_read && !service.empty()) HEDDLE_CHECK_OK(may_read(service.substr(0, service.find('/'))));
  return explanation_json(query, answer);
}

Result<std::shared_ptr<const Snapshot>> Explainer::newest() {
  const auto& kept = snapshots_.current();
  if (kept != nullptr && kept->version() == store_.version()) return kept;
  View view = store_.view();
  ViewModel found = model_of(view);
  if (!found.unreadable.empty()) {
    return make_error(Reason::kUnsupported,
                      str_cat("this version of heddle-control cannot read ", found.unreadable.front().text()));
  }
  auto made = snapshots_.make(std::make_shared<const Model>(std::move(found.model)), view.version());
  if (made) return made;
  return make_error(Reason::kUnsupported, str_cat("version ", view.version().text(), ": ", made.error().detail));
}
}  // namespace heddle
