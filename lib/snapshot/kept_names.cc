#include "lib/snapshot/kept_names.h"

#include <map>
#include <set>

#include "lib/api/request_fact.h"
#include "lib/base/strings.h"
#include "lib/config/overload.h"

namespace heddle {
namespace {
class Collector {
 public:
  void add(const HttpRouteSpec& route) {
    for (const HttpRouteRule& rule : route.rules) {
      for (const HttpMatch& match : rule.matches) add(match);
      if (!rule.filters->cors) continue;
      header("origin");
      header("access-control-request-method");
    }
  }
  void add(const AuthorizationPolicySpec& policy) {
    for (const AuthzRule& rule : policy.rules) add(rule);
  }
  void add(const RateLimitPolicySpec& policy) {
    for (const RateLimit& limit : policy.limits) {
      for (const HttpMatch& match : limit.matches) add(match);
    }
  }
  void add(const WorkloadSpec& workload) {
    if (workload.overload == nullptr) return;
    for (const PriorityRule& rule : workload.overload->priorities) add(rule.match);
  }
  void add(const HttpRouteFilterSpec& filter) {
    if (!filter.fault) return;
    for (const FieldText& field : filter.fault->headers) value(field.name, field.value, {});
  }

  template <class T>
  void add_all(const SpecMap<T>& specs) {
    for (const auto& [key, spec] : specs) add(*spec);
  }
  std::vector<std::string> headers() const { return first(headers_); }
  std::vector<std::string> query() const { return first(query_); }
  std::vector<SecretQuestion> secrets() const {
    std::vector<SecretQuestion> out;
    for (const auto& [key, question] : secrets_) {
      if (out.size() < KeptNames::kMost) out.push_back(question);
    }
    return out;
  }

 private:
  static std::vector<std::string> first(const std::set<std::string>& names) {
    std::vector<std::string> out;
    for (const std::string& name : names) {
      if (out.size() < KeptNames::kMost) out.push_back(name);
    }
    return out;
  }
  void add(const HttpMatch& match) {
    for (const NameValueMatch& field : match.conditions->headers) value(field.name, field.value, field.regex);
    for (const NameValueMatch& field : match.conditions->query) {
      if (field.name.size() <= kMaxFactName) query_.insert(field.name);
    }
  }
  void add(const AuthzRule& rule) {
    if (!rule.to) return;
    for (const AuthzOperation& operation : *rule.to) {
      if (!operation.headers) continue;
      for (const AuthzHeader& field : *operation.headers) {
        field.value ? value(field.name, *field.value, {}) : header(field.name);
      }
    }
  }
  // Whether a secret is there at all is asked along: a rule about its absence or presence is decidable then.
  void header(std::string_view name) {
    if (name.size() > kMaxFactName) return;
    if (!is_secret_header(name)) {
      headers_.emplace(name);
    } else {
      question({std::string(name), std::string(kFactPresent), "", {}, true});
    }
  }
  void value(std::string_view name, std::string_view wanted, const Regex& regex) {
    header(name);
    if (!is_secret_header(name)) return;
    std::string match = str_cat(to_text(regex ? PathMatchType::kRegex : PathMatchType::kExact), " ", wanted);
    if (match.size() <= kMaxFactMatch) question({std::string(name), std::move(match), std::string(wanted), regex});
  }
  void question(SecretQuestion asked) {
    auto key = std::pair(asked.name, asked.match);
    secrets_.try_emplace(std::move(key), std::move(asked));
  }

  std::set<std::string> headers_;
  std::set<std::string> query_;
  std::map<std::pair<std::string, std::string>, SecretQuestion> secrets_;
};
}  // namespace

std::shared_ptr<const KeptNames> KeptNames::of(const Model& model, const std::shared_ptr<const KeptNames>& before) {
  Collector names;
  names.add_all(model.http_routes);
  names.add_all(model.authorization_policies);
  names.add_all(model.rate_limit_policies);
  names.add_all(model.workloads);
  names.add_all(model.http_route_filters);
  auto out = std::make_shared<KeptNames>();
  out->headers_ = names.headers();
  out->query_ = names.query();
  out->secrets_ = names.secrets();
  return before != nullptr && *before == *out ? before : out;
}
}  // namespace heddle
