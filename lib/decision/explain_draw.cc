#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "lib/decision/labels.h"
#include "lib/routing/route_filters.h"

namespace heddle {
namespace {
struct Answered {
  Reason reason = Reason::kNone;
  uint16_t status = 0;
};

// As proxy/exchange/filter_answer.cc answers it.
Answered answer_of(const RouteFilters& filters, const Decision& decision, const RequestHead& request, uint64_t draw) {
  switch (filters.answer_to(request, draw)) {
    case LocalAnswer::kPreflight:
      return {Reason::kCorsPreflight, info(Reason::kCorsPreflight).status};
    case LocalAnswer::kAbort:
      return {Reason::kFaultAbort, filters.abort()->status};
    case LocalAnswer::kRedirect: {
      ResponseHead answer(request.fields().pool());
      Result<void> made = filters.write_redirect(request, decision.port->number, answer);
      if (!made) return {made.error().reason, info(made.error().reason).status};
      return {Reason::kRouteRedirect, answer.status};
    }
    case LocalAnswer::kDirectResponse:
      return {Reason::kDirectResponse, filters.direct_response()->status};
    case LocalAnswer::kNone:
      break;
  }
  return {};
}

void mark_drawn(const Decision& decision, size_t number, Explanation& out) {
  if (decision.backends == nullptr || number >= out.backends.size()) return;
  out.backends[number].drawn = true;
  out.trace.add("draw", str_cat("takes ", out.backends[number].name));
}

// A share that leads nowhere is drawn like any other.
void mark_lost(const Decision& decision, uint64_t draw, Explanation& out) {
  if (decision.rule == nullptr || decision.reason != Reason::kBackendSetMissing) return;
  size_t number = decision.backend_number(draw);
  if (number < out.backends.size() && out.backends[number].percent > 0) out.backends[number].drawn = true;
}

// Only what is sent on is copied (proxy/exchange/exchange_filters.cc), whichever backend was drawn.
void mark_mirrors(const Decision& decision, bool is_sent, uint64_t draw, const RequestHead& request, Explanation& out) {
  bool may_copy = is_sent && request.protocol().empty();
  for (size_t i = 0; i < out.mirrors.size(); ++i) {
    bool copies = may_copy && decision.rule->filters->mirrors().hits(i, draw);
    out.mirrors[i].drawn = copies;
    if (copies) out.trace.add("draw", str_cat("once it is sent, a copy goes to ", out.mirrors[i].name));
  }
}

void set_answer(Answered answered, Explanation& out) {
  out.reason = answered.reason;
  out.status.reset();
  if (answered.reason != Reason::kNone) out.status = answered.status;
}

// What filters make of it: an answer, or the request that is sent.
Answered run_filters(const Decision& decision, size_t number, uint64_t draw, RequestHead& forwarded, Trace& trace) {
  const RouteFilters& filters = *decision.rule->filters;
  Duration delay = filters.delay_of(forwarded, draw);
  if (delay != Duration{}) trace.add("draw", str_cat("held for ", format_duration(delay)));
  Answered answered = answer_of(filters, decision, forwarded, draw);
  if (answered.reason != Reason::kNone) return answered;
  Result<void> changed = filters.apply_to_request(forwarded, number);
  if (!changed) return {changed.error().reason, info(changed.error().reason).status};
  return {};
}
}  // namespace

void explain_draw(const Decision& decision, uint64_t draw, RequestHead& forwarded, Explanation& out) {
  if (!decision) return mark_lost(decision, draw, out);
  size_t number = decision.rule == nullptr ? 0 : decision.backend_number(draw);
  bool has_filters = decision.candidate != nullptr && decision.candidate->has_filters;
  Answered answered;
  if (has_filters) answered = run_filters(decision, number, draw, forwarded, out.trace);
  if (answered.reason == Reason::kNone) mark_drawn(decision, number, out);
  mark_mirrors(decision, answered.reason == Reason::kNone, draw, forwarded, out);
  set_answer(answered, out);
  if (answered.reason == Reason::kNone) {
    out.forward = ExplainedForward{std::string(forwarded.authority()), std::string(forwarded.path())};
  }
}
}  // namespace heddle
