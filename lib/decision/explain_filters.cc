#include <cmath>

#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "lib/decision/labels.h"
#include "lib/routing/route_filters.h"

namespace heddle {
namespace {
using Filters = std::vector<ExplainedFilter>;

// Values may be secrets, names are not.
std::string modifier_text(const HeaderModifier& modifier) {
  std::vector<std::string> parts;
  for (const FieldText& field : modifier.set) parts.push_back("set " + field.name);
  for (const FieldText& field : modifier.add) parts.push_back("add " + field.name);
  for (const std::string& name : modifier.remove) parts.push_back("remove " + name);
  return join(parts, ", ");
}

void add_modifiers(const std::optional<HeaderModifier>& request, const std::optional<HeaderModifier>& response,
                   Filters& out) {
  if (request) out.push_back({"RequestHeaderModifier", modifier_text(*request)});
  if (response) out.push_back({"ResponseHeaderModifier", modifier_text(*response)});
}

std::string cors_text(const CorsFilter& cors, const RouteFilters& filters, const RequestHead& request) {
  std::string credentials = cors.credentials ? ", with credentials" : "";
  std::optional<std::string_view> origin = request.fields().get("origin");
  if (!origin) return str_cat("no Origin in the request", credentials);
  return str_cat("origin ", *origin, filters.cors()->allows(*origin) ? " may read the answer" : " is not allowed",
                 credentials);
}

std::string percent_text(double percent) {
  if (percent == 100) return "every request";
  std::string hundredths = std::to_string(std::lround(percent * 100) % 100);
  std::string whole = std::to_string(std::lround(percent * 100) / 100);
  if (hundredths == "0") return str_cat(whole, "% of requests");
  return str_cat(whole, hundredths.size() == 1 ? ".0" : ".", hundredths, "% of requests");
}

std::string grpc_text(const FaultAbort& abort) {
  return str_cat("status ", std::to_string(abort.status), ", gRPC ", std::to_string(abort.grpc_status), ", ",
                 percent_text(abort.percent));
}

// Which requests a percentage hits is a matter of their draw; here the headers alone decide.
void add_extension(const RouteFilters& filters, const RequestHead& request, Filters& out) {
  if (filters.extension() == nullptr) return;
  const HttpRouteFilterSpec& spec = *filters.extension();
  if (spec.fault) {
    bool carries = filters.has_fault_for(request);
    std::string unless = carries ? "" : "; not this one, it lacks the headers";
    if (spec.fault->delay) {
      out.push_back({"FaultDelay", str_cat(format_duration(spec.fault->delay->duration), ", ",
                                           percent_text(spec.fault->delay->percent), unless)});
    }
    if (spec.fault->abort) out.push_back({"FaultAbort", grpc_text(*spec.fault->abort) + unless});
  }
  if (spec.direct_response) {
    out.push_back({"DirectResponse", "answers " + std::to_string(spec.direct_response->status)});
  }
}

struct Answered {
  Reason reason = Reason::kNone;
  uint16_t status = 0;
};

// What becomes of every such request: a fault that hits some of them does not count.
Answered answer_of(const RouteFilters& filters, const HttpRouteRule& rule, const RequestHead& request) {
  if (filters.cors() != nullptr && CorsPolicy::is_preflight(request)) {
    return {Reason::kCorsPreflight, info(Reason::kCorsPreflight).status};
  }
  const FaultAbort* abort = filters.abort();
  if (abort != nullptr && abort->percent == 100 && filters.has_fault_for(request)) {
    return {Reason::kFaultAbort, abort->status};
  }
  if (rule.filters->redirect) return {Reason::kRouteRedirect, rule.filters->redirect->status};
  if (const DirectResponse* said = filters.direct_response()) return {Reason::kDirectResponse, said->status};
  return {};
}

// Filters come before an endpoint is looked for.
bool is_sent_on(const Explanation& out) {
  return out.reason == Reason::kNone || out.reason == Reason::kNoHealthyEndpoint;
}

void refuse(const Error& why, Explanation& out) {
  out.reason = why.reason;
  out.status.reset();
}

void add_redirect(const Decision& decision, const RequestHead& request, Explanation& out) {
  ResponseHead answer(request.fields().pool());
  Result<void> made = decision.rule->filters->write_redirect(request, decision.port->number, answer);
  if (!made) {
    if (out.reason == Reason::kRouteRedirect) refuse(made.error(), out);
    out.filters.push_back({"RequestRedirect", made.error().detail});
    return;
  }
  out.filters.push_back({"RequestRedirect", str_cat(std::to_string(answer.status), " to ",
                                                    answer.fields().get(HeaderName::kLocation).value_or(""))});
}

// Changes `forwarded` as the sidecar does, and says what came of it.
void add_rewrite(const RouteFilters& filters, const UrlRewrite& rewrite, RequestHead& forwarded, Explanation& out) {
  Result<void> changed = filters.apply_to_request(forwarded, RouteFilters::kNoBackend);
  if (!changed) {
    if (is_sent_on(out)) refuse(changed.error(), out);
    out.filters.push_back({"URLRewrite", changed.error().detail});
    return;
  }
  std::vector<std::string> parts;
  if (!rewrite.hostname.empty()) parts.push_back(str_cat("host becomes ", forwarded.authority()));
  if (rewrite.path) parts.push_back(str_cat("path becomes ", forwarded.path()));
  out.filters.push_back({"URLRewrite", join(parts, ", ")});
}

void add_backend_filters(const HttpRouteRule& rule, Explanation& out) {
  bool any = false;
  for (size_t i = 0; i < out.backends.size() && i < rule.backends.size(); ++i) {
    const BackendFilters& filters = *rule.backends[i].filters;
    add_modifiers(filters.request, filters.response, out.backends[i].filters);
    any = any || filters.request;
  }
  if (any) out.trace.add("filters", "what those of backendRefs change is not judged by authorization here");
}
// As its author wrote it: of a million requests one is more than "0%".
std::string share_text(const RequestMirror& mirror, double percent) {
  if (mirror.denominator == 100 || mirror.numerator == mirror.denominator) return percent_text(percent);
  return str_cat(std::to_string(mirror.numerator), "/", std::to_string(mirror.denominator), " of requests");
}

// Which requests a share hits is a matter of their draw.
void add_mirrors(const Snapshot& snapshot, const RouteRule& rule, const RequestHead& request, Explanation& out) {
  const Mirrors& mirrors = rule.filters->mirrors();
  bool is_upgrade = !request.protocol().empty();
  for (size_t i = 0; i < mirrors.size(); ++i) {
    const RequestMirror& said = (*rule.spec().mirrors)[i];
    std::string name = short_name(snapshot.backend_set(mirrors.set(i))->spec->key);
    double percent = 100.0 * said.numerator / said.denominator;
    std::string_view unless = is_upgrade ? "; not this one, it asks for an upgrade" : "";
    out.filters.push_back({"RequestMirror", str_cat(share_text(said, percent), " to ", name, unless)});
    out.mirrors.push_back({std::move(name), percent, std::nullopt});
  }
}
}  // namespace

void explain_filters(const Snapshot& snapshot, const Decision& decision, RequestHead& forwarded, Explanation& out) {
  const RouteFilters& filters = *decision.rule->filters;
  const HttpRouteRule& rule = decision.rule->spec();
  if (rule.filters->cors) out.filters.push_back({"CORS", cors_text(*rule.filters->cors, filters, forwarded)});
  add_extension(filters, forwarded, out.filters);
  add_modifiers(rule.filters->request, rule.filters->response, out.filters);
  Answered answered = answer_of(filters, rule, forwarded);
  if (answered.reason != Reason::kNone && is_sent_on(out)) {
    out.reason = answered.reason;
    out.status = answered.status;
  }
  if (rule.filters->redirect) add_redirect(decision, forwarded, out);
  if (rule.filters->rewrite) {
    add_rewrite(filters, *rule.filters->rewrite, forwarded, out);
  } else if (Result<void> changed = filters.apply_to_request(forwarded, RouteFilters::kNoBackend); !changed) {
    if (is_sent_on(out)) refuse(changed.error(), out);
  }
  add_backend_filters(rule, out);
  add_mirrors(snapshot, *decision.rule, forwarded, out);
}
}  // namespace heddle
