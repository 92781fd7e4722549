#include "control/plan/secret_names.h"

#include <algorithm>

#include "lib/api/request_fact.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string how(std::string_view type, std::string_view value) { return str_cat(type, " ", value); }

bool names_secret(const NameValueMatch& match) { return is_secret_header(match.name); }
bool names_secret(const HttpMatch& match) {
  const auto& headers = match.conditions->headers;
  return std::any_of(headers.begin(), headers.end(), [](const NameValueMatch& m) { return names_secret(m); });
}
bool names_secret(const HttpRouteSpec& spec) {
  return std::any_of(spec.rules.begin(), spec.rules.end(), [](const HttpRouteRule& rule) {
    return std::any_of(rule.matches.begin(), rule.matches.end(), [](const HttpMatch& m) { return names_secret(m); });
  });
}
bool names_secret(const RateLimitPolicySpec& spec) {
  return std::any_of(spec.limits.begin(), spec.limits.end(), [](const RateLimit& limit) {
    return std::any_of(limit.matches.begin(), limit.matches.end(), [](const HttpMatch& m) { return names_secret(m); });
  });
}
bool names_secret(const AuthzOperation& operation) {
  return operation.headers && std::any_of(operation.headers->begin(), operation.headers->end(),
                                          [](const AuthzHeader& h) { return is_secret_header(h.name); });
}
bool names_secret(const AuthorizationPolicySpec& spec) {
  return std::any_of(spec.rules.begin(), spec.rules.end(), [](const AuthzRule& rule) {
    return rule.to && std::any_of(rule.to->begin(), rule.to->end(), [](const auto& o) { return names_secret(o); });
  });
}
bool names_secret(const HttpRouteFilterSpec& spec) {
  return spec.fault && std::any_of(spec.fault->headers.begin(), spec.fault->headers.end(),
                                   [](const FieldText& f) { return is_secret_header(f.name); });
}

void hide(NameValueMatch& match) {
  if (!names_secret(match)) return;
  match.name = SecretNames::field(
      match.name, how(to_text(match.regex ? PathMatchType::kRegex : PathMatchType::kExact), match.value));
  match.value = SecretNames::kMatched;
  match.regex = Regex();
}
void hide(HttpMatch& match) {
  if (!names_secret(match)) return;
  MatchConditions conditions = *match.conditions;
  for (NameValueMatch& header : conditions.headers) hide(header);
  match.conditions = Rare<MatchConditions>(std::move(conditions));
}
void hide(HttpRouteSpec& spec) {
  for (HttpRouteRule& rule : spec.rules) {
    for (HttpMatch& match : rule.matches) hide(match);
  }
}
void hide(RateLimitPolicySpec& spec) {
  for (RateLimit& limit : spec.limits) {
    for (HttpMatch& match : limit.matches) hide(match);
  }
}
void hide(AuthzHeader& header) {
  if (!is_secret_header(header.name)) return;
  std::string said = header.value ? how("Exact", *header.value) : std::string(kFactPresent);
  header.name = SecretNames::field(header.name, said);
  header.value = std::string(SecretNames::kMatched);
}
void hide(AuthorizationPolicySpec& spec) {
  for (AuthzRule& rule : spec.rules) {
    if (!rule.to) continue;
    for (AuthzOperation& operation : *rule.to) {
      if (!operation.headers) continue;
      for (AuthzHeader& header : *operation.headers) hide(header);
    }
  }
}
void hide(HttpRouteFilterSpec& spec) {
  for (FieldText& field : spec.fault->headers) {
    if (!is_secret_header(field.name)) continue;
    field.name = SecretNames::field(field.name, how("Exact", field.value));
    field.value = SecretNames::kMatched;
  }
}

template <class T>
bool any_secret(const SpecMap<T>& map) {
  return std::any_of(map.begin(), map.end(), [](const auto& entry) { return names_secret(*entry.second); });
}
}  // namespace

// No field name has a space (RFC 9110 §5.6.2), so that none of a request can be taken for one of these.
std::string SecretNames::field(std::string_view name, std::string_view how_it_matched) {
  return str_cat(name, " ", how_it_matched);
}

std::string_view SecretNames::origin(std::string_view field) noexcept { return field.substr(0, field.find(' ')); }

template <class T>
void SecretNames::replace_in(SpecMap<T>& map) {
  for (auto& [key, spec] : map) {
    if (!names_secret(*spec)) continue;
    std::shared_ptr<const void>& copy = copies_[spec.get()];
    if (copy == nullptr) {
      originals_.push_back(spec);
      auto made = std::make_shared<T>(*spec);
      hide(*made);
      copy = std::move(made);
    }
    spec = std::static_pointer_cast<const T>(copy);
  }
}

std::shared_ptr<const Model> SecretNames::replace(const std::shared_ptr<const Model>& model) {
  bool any = any_secret(model->http_routes) || any_secret(model->rate_limit_policies) ||
             any_secret(model->authorization_policies) || any_secret(model->http_route_filters);
  if (!any) return model;
  auto out = std::make_shared<Model>(*model);
  replace_in(out->http_routes);
  replace_in(out->rate_limit_policies);
  replace_in(out->authorization_policies);
  replace_in(out->http_route_filters);
  return out;
}
}  // namespace heddle
