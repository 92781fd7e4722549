#include "certs/spiffe_id.h"

#include <algorithm>

#include "certs/limits.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kScheme = "spiffe://";

bool is_segment_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

std::string_view complaint(char c) {
  if (c == '?') return "must not have a query";
  if (c == '#') return "must not have a fragment";
  if (c == '%') return "must not be percent-encoded";
  return "holds a path character outside [A-Za-z0-9.-_]";
}

// The first rule a path segment breaks; empty when it is good.
std::string_view segment_problem(std::string_view segment) {
  if (segment.empty()) return "has an empty path segment";
  if (segment == "." || segment == "..") return "has a dot segment";
  auto bad = std::find_if_not(segment.begin(), segment.end(), is_segment_char);
  return bad == segment.end() ? std::string_view() : complaint(*bad);
}

// `path` begins with a slash or is empty.
std::string_view path_problem(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    size_t end = std::min(path.find('/'), path.size());
    if (end == 0 && path.empty()) return "ends with a slash";
    std::string_view problem = segment_problem(path.substr(0, end));
    if (!problem.empty()) return problem;
    path.remove_prefix(end);
  }
  return {};
}

Error bad(std::string_view uri, std::string_view what) {
  constexpr size_t kShown = 256;
  std::string shown = in_quotes(uri.substr(0, kShown));
  return make_error(Reason::kConfigInvalid, str_cat("SPIFFE id ", shown, uri.size() > kShown ? "... " : " ", what));
}
}  // namespace

Result<SpiffeId> SpiffeId::parse(std::string_view uri) {
  if (uri.empty()) return make_error(Reason::kConfigInvalid, "the SPIFFE id is empty");
  if (uri.size() > kMaxSpiffeId) return bad(uri, "is longer than 2048 bytes");
  if (!uri.starts_with(kScheme)) return bad(uri, "must begin with \"spiffe://\" in lower case");
  // '?' and '#' end the authority too: otherwise "spiffe://td?x" would complain about the trust domain.
  size_t path_at = std::min(uri.find_first_of("/?#", kScheme.size()), uri.size());
  auto domain = TrustDomain::parse(uri.substr(kScheme.size(), path_at - kScheme.size()));
  if (!domain) return bad(uri, domain.error().detail);
  std::string_view path = uri.substr(path_at);
  if (!path.empty() && path[0] != '/') return bad(uri, complaint(path[0]));
  std::string_view problem = path_problem(path);
  if (!problem.empty()) return bad(uri, problem);
  return SpiffeId(std::string(uri), path_at);
}

Result<SpiffeId> SpiffeId::from_path(const TrustDomain& domain, std::string_view path) {
  std::string uri = str_cat(kScheme, domain.name(), path);
  if (!path.empty() && path[0] != '/') return bad(path, "needs a path that begins with a slash");
  return parse(uri);
}

Result<SpiffeId> SpiffeId::for_workload(const TrustDomain& domain, std::string_view name_space,
                                        std::string_view service_account) {
  for (std::string_view segment : {name_space, service_account}) {
    std::string_view problem = segment_problem(segment);
    if (!problem.empty()) {
      return make_error(Reason::kConfigInvalid, str_cat("the part ", in_quotes(segment), " of a SPIFFE id ", problem));
    }
  }
  return from_path(domain, str_cat("/ns/", name_space, "/sa/", service_account));
}

std::string_view SpiffeId::trust_domain_name() const noexcept {
  return std::string_view(held_->text).substr(kScheme.size(), held_->path_at - kScheme.size());
}

std::optional<SpiffeId::Workload> SpiffeId::workload() const noexcept {
  constexpr std::string_view kNamespace = "/ns/";
  constexpr std::string_view kAccount = "/sa/";
  std::string_view rest = path();
  if (!rest.starts_with(kNamespace)) return std::nullopt;
  rest.remove_prefix(kNamespace.size());
  size_t slash = rest.find('/');
  if (slash == std::string_view::npos || !rest.substr(slash).starts_with(kAccount)) return std::nullopt;
  std::string_view account = rest.substr(slash + kAccount.size());
  if (account.empty() || account.find('/') != std::string_view::npos) return std::nullopt;
  return Workload{rest.substr(0, slash), account};
}
}  // namespace heddle
