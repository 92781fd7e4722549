#include "control/plan/rule_text.h"

#include <algorithm>
#include <cmath>

#include "lib/base/strings.h"
#include "lib/config/unresolved.h"
#include "lib/decision/labels.h"

namespace heddle {
namespace {
void add_fields(std::string_view what, const std::vector<NameValueMatch>& fields, std::vector<std::string>& out) {
  std::vector<std::string> texts;
  for (const NameValueMatch& field : fields) {
    texts.push_back(str_cat(what, " ", field.name, field.regex ? " RegularExpression " : " Exact ", field.value));
  }
  std::sort(texts.begin(), texts.end());  // their order says nothing
  for (std::string& text : texts) out.push_back(std::move(text));
}

// A '/' at the end of a prefix means nothing.
std::string path_text(const RouteCandidate& candidate) {
  std::string out = label(candidate);
  bool is_prefix = candidate.match().path.type == PathMatchType::kPrefix && candidate.match().grpc.is_default();
  if (is_prefix && out.ends_with('/') && candidate.match().path.value.size() > 1) out.pop_back();
  return out;
}

// "33.3%"
std::string percent(uint64_t weight, uint64_t total) {
  auto tenths = static_cast<int64_t>(std::lround(1000.0 * static_cast<double>(weight) / static_cast<double>(total)));
  std::string fraction = tenths % 10 == 0 ? std::string() : str_cat(".", std::to_string(tenths % 10));
  return str_cat(std::to_string(tenths / 10), fraction, "%");
}

std::string name_of(const WeightedBackend& backend) {
  if (is_unresolved(backend)) return str_cat("nowhere (", why_unresolved(backend), ")");
  std::string name = str_cat(backend.ref.ns, "/", backend.ref.name);
  return backend.kind == BackendKind::kService ? str_cat("Service ", name) : name;
}

bool same_retry(const HttpRouteRule& a, const HttpRouteRule& b) { return a.retry == b.retry; }
bool same_timeouts(const HttpRouteRule& a, const HttpRouteRule& b) {
  return a.timeouts.request == b.timeouts.request && a.timeouts.backend_request == b.timeouts.backend_request;
}
bool same_filters(const HttpRouteRule& a, const HttpRouteRule& b) {
  return a.filters == b.filters && a.mirrors == b.mirrors;
}
bool same_backends(const HttpRouteRule& a, const HttpRouteRule& b) { return a.backends == b.backends; }
}  // namespace

std::string match_text(const RouteCandidate& candidate) {
  std::vector<std::string> parts = {path_text(candidate)};
  const MatchConditions& conditions = *candidate.match().conditions;
  if (!conditions.method.empty()) parts.push_back(str_cat("method ", conditions.method));
  add_fields("header", conditions.headers, parts);
  add_fields("query parameter", conditions.query, parts);
  return join(parts, ", ");
}

std::string does_text(const RouteRule& rule) {
  const std::vector<WeightedBackend>& backends = rule.spec().backends;
  if (backends.empty()) return "a filter answers";
  if (backends.size() == 1 && backends[0].weight > 0) return name_of(backends[0]);
  uint64_t total = 0;
  for (const WeightedBackend& backend : backends) total += backend.weight;
  if (total == 0) return "nowhere: every weight is 0";
  std::vector<std::string> parts;
  for (const WeightedBackend& backend : backends) {
    parts.push_back(str_cat(name_of(backend), " ", percent(backend.weight, total)));
  }
  return join(parts, ", ");
}

bool does_the_same(const RouteRule& a, const RouteRule& b) {
  if (&a == &b) return true;
  const HttpRouteRule& x = a.spec();
  const HttpRouteRule& y = b.spec();
  return a.route->key == b.route->key && same_backends(x, y) && same_filters(x, y) && same_timeouts(x, y) &&
         same_retry(x, y) && x.session == y.session;
}

std::string difference_text(const RouteRule& before, const RouteRule& after) {
  const HttpRouteRule& x = before.spec();
  const HttpRouteRule& y = after.spec();
  std::vector<std::string> parts;
  if (before.route->key != after.route->key) parts.push_back(str_cat("by ", label(after), " now"));
  if (!same_filters(x, y)) parts.emplace_back("other filters");
  if (!same_backends(x, y)) parts.emplace_back("other filters of backends");
  if (!same_timeouts(x, y)) parts.emplace_back("other timeouts");
  if (!same_retry(x, y)) parts.emplace_back("other retries");
  if (!(x.session == y.session)) parts.emplace_back("other session persistence");
  return parts.empty() ? std::string() : str_cat(" (", join(parts, "; "), ")");
}
}  // namespace heddle
