#include "lib/decision/labels.h"

#include "lib/base/strings.h"

namespace heddle {
std::string short_name(const ResourceKey& key) { return str_cat(key.ns, "/", key.name); }

std::string label(const ResourceKey& key) { return str_cat(info(key.kind).name, " ", short_name(key)); }

std::string label(const RouteRule& rule) {
  const std::string& name = rule.spec().name;
  return str_cat(label(rule.route->key), " rule ", std::to_string(rule.index), name.empty() ? "" : " (", name,
                 name.empty() ? "" : ")");
}

std::string label(const RouteCandidate& candidate) {
  const HttpMatch& match = candidate.match();
  if (candidate.rule->route->key.kind != Kind::kGrpcRoute) {
    return str_cat(to_text(match.path.type), " ", match.path.value);
  }
  if (match.grpc.is_default()) return "every method";
  auto part = [](const std::string& text) { return text.empty() ? std::string_view("*") : std::string_view(text); };
  return str_cat(match.grpc->is_regex ? "RegularExpression " : "Exact ", part(match.grpc->service), "/",
                 part(match.grpc->method));
}
}  // namespace heddle
