#include "lib/config/validate_filters.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
// A filter that answers every request leaves nothing to be forwarded.
void check_direct_response(const HttpRouteSpec& route, const std::string& at, const HttpRouteRule& rule,
                           ConfigProblems& problems) {
  auto refuse = [&](std::string_view field, std::string_view what) {
    problems.add(route.key, str_cat(at, field),
                 str_cat(what, " beside the directResponse of HTTPRouteFilter ", in_quotes(rule.filters->extension)));
  };
  if (!rule.backends.empty()) refuse(".backendRefs", "must be left out");
  if (rule.retry) refuse(".retry", "means nothing");
  if (rule.timeouts.backend_request) refuse(".timeouts.backendRequest", "means nothing");
  if (rule.filters->redirect) refuse(".filters", "have RequestRedirect");
  if (rule.filters->rewrite) refuse(".filters", "have URLRewrite");
  if (rule.filters->request) refuse(".filters", "have RequestHeaderModifier");
  if (!rule.mirrors.is_default()) refuse(".filters", "have RequestMirror");
}

void check_extension(const Model& model, const HttpRouteSpec& route, const std::string& at, const HttpRouteRule& rule,
                     ConfigProblems& problems) {
  std::shared_ptr<const HttpRouteFilterSpec> filter = extension_of(model, route, rule);
  if (filter == nullptr) {
    problems.add(
        route.key, str_cat(at, ".filters"),
        str_cat("no HTTPRouteFilter ", in_quotes(rule.filters->extension), " in namespace ", in_quotes(route.key.ns)));
    return;
  }
  if (filter->direct_response && route.key.kind == Kind::kGrpcRoute) {
    problems.add(route.key, str_cat(at, ".filters"),
                 str_cat("the directResponse of HTTPRouteFilter ", in_quotes(rule.filters->extension),
                         " is no answer to a gRPC call; use fault.abort with grpcStatus"));
    return;
  }
  if (filter->direct_response) return check_direct_response(route, at, rule, problems);
  if (!rule.backends.empty() || rule.filters->redirect) return;
  problems.add(route.key, str_cat(at, ".backendRefs"),
               str_cat("is required: HTTPRouteFilter ", in_quotes(rule.filters->extension), " has no directResponse"));
}
}  // namespace

void check_route_filters(const Model& model, const HttpRouteSpec& route, ConfigProblems& problems) {
  for (size_t i = 0; i < route.rules.size(); ++i) {
    const HttpRouteRule& rule = route.rules[i];
    if (rule.filters->extension.empty()) continue;
    check_extension(model, route, str_cat("spec.rules[", std::to_string(i), "]"), rule, problems);
  }
}

std::shared_ptr<const HttpRouteFilterSpec> extension_of(const Model& model, const HttpRouteSpec& route,
                                                        const HttpRouteRule& rule) {
  if (rule.filters->extension.empty()) return nullptr;
  auto found = model.http_route_filters.find({Kind::kHttpRouteFilter, route.key.ns, rule.filters->extension});
  return found == model.http_route_filters.end() ? nullptr : found->second;
}
}  // namespace heddle
