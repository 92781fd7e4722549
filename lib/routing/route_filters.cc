#include "lib/routing/route_filters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "lib/http/limits.h"
#include "lib/http/rules.h"
#include "lib/routing/derived_draw.h"

namespace heddle {
namespace {
bool is_hit(uint64_t draw, DrawFor fault, double percent) noexcept {
  constexpr double kSteps = 1ULL << 53;  // what a double holds exactly
  return static_cast<double>(derived_draw(draw, fault) >> 11) * 100 < percent * kSteps;
}

bool apply(const std::optional<HeaderModifier>& modifier, HeaderMap& fields) {
  if (!modifier) return true;
  bool fits = true;
  for (const FieldText& field : modifier->set) {
    fields.remove(field.name);
    fits = fits && fields.add(field.name, field.value);
  }
  for (const FieldText& field : modifier->add) fits = fits && fields.add(field.name, field.value);
  for (const std::string& name : modifier->remove) fields.remove(name);
  return fits;
}

bool fits_into(const HeaderMap& fields, const HttpLimits& limits) noexcept {
  return fields.list_size() <= limits.head_bytes && fields.size() <= limits.fields;
}

Error too_large() { return make_error(Reason::kRequestHeadTooLarge, "with what filters add", Origin::kDownstream); }

PathRewrite rewrite_of(const std::optional<PathModifier>& path, const HttpRouteRule& rule) {
  return path ? PathRewrite(*path, rule.matches[0].path.value) : PathRewrite();
}

// "" where it is the scheme's own (Gateway API: HTTPRequestRedirectFilter.port).
std::string_view port_text(const RequestRedirect& redirect, std::string_view scheme, uint16_t dialled,
                           std::span<char> room) noexcept {
  uint16_t own = scheme == "https" ? 443 : 80;
  uint16_t port = redirect.port ? *redirect.port : redirect.scheme.empty() ? dialled : own;
  if (port == own) return {};
  room[0] = ':';
  char* end = std::to_chars(room.data() + 1, room.data() + room.size(), port).ptr;
  return {room.data(), static_cast<size_t>(end - room.data())};
}

// Brackets of an IPv6 address stay.
std::string_view host_of(std::string_view authority) noexcept {
  size_t colon = authority.rfind(':');
  bool is_port = colon != authority.npos && authority.find(']', colon) == authority.npos;
  return is_port ? authority.substr(0, colon) : authority;
}
}  // namespace

RouteFilters::RouteFilters(const HttpRouteRule& rule, Extension extension, std::vector<BackendSetId> mirrors)
    : rule_(rule), extension_(std::move(extension)), mirrors_(*rule.mirrors, std::move(mirrors)) {
  const RuleFilters& filters = *rule.filters;
  if (filters.cors) cors_.emplace(*filters.cors);
  if (filters.rewrite) rewrite_path_ = rewrite_of(filters.rewrite->path, rule);
  if (filters.redirect) redirect_path_ = rewrite_of(filters.redirect->path, rule);
}

std::shared_ptr<const RouteFilters> RouteFilters::make(const HttpRouteRule& rule, Extension extension,
                                                       std::vector<BackendSetId> mirrors) {
  auto has_none = [](const WeightedBackend& backend) { return backend.filters.is_default(); };
  bool none = rule.filters.is_default() && rule.mirrors.is_default() &&
              std::all_of(rule.backends.begin(), rule.backends.end(), has_none);
  return none ? nullptr : std::make_shared<const RouteFilters>(rule, std::move(extension), std::move(mirrors));
}

const DirectResponse* RouteFilters::direct_response() const noexcept {
  return extension_ && extension_->direct_response ? &*extension_->direct_response : nullptr;
}

const FaultAbort* RouteFilters::abort() const noexcept {
  return extension_ && extension_->fault && extension_->fault->abort ? &*extension_->fault->abort : nullptr;
}

bool RouteFilters::has_fault_for(const RequestHead& request) const noexcept {
  if (!extension_ || !extension_->fault) return false;
  const std::vector<FieldText>& wanted = extension_->fault->headers;
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const FieldText& field) { return request.fields().get(field.name) == field.value; });
}

Duration RouteFilters::delay_of(const RequestHead& request, uint64_t draw) const noexcept {
  if (!has_fault_for(request) || !extension_->fault->delay) return {};
  if (cors_ && CorsPolicy::is_preflight(request)) return {};
  const FaultDelay& delay = *extension_->fault->delay;
  return is_hit(draw, DrawFor::kDelay, delay.percent) ? delay.duration : Duration{};
}

LocalAnswer RouteFilters::answer_to(const RequestHead& request, uint64_t draw) const noexcept {
  if (cors_ && CorsPolicy::is_preflight(request)) return LocalAnswer::kPreflight;
  if (abort() != nullptr && has_fault_for(request) && is_hit(draw, DrawFor::kAbort, abort()->percent)) {
    return LocalAnswer::kAbort;
  }
  if (rule_.filters->redirect) return LocalAnswer::kRedirect;
  return direct_response() == nullptr ? LocalAnswer::kNone : LocalAnswer::kDirectResponse;
}

Result<void> RouteFilters::apply_to_request(RequestHead& request, size_t backend) const {
  bool fits = apply(rule_.filters->request, request.fields());
  if (backend < rule_.backends.size()) {
    fits = fits && apply(rule_.backends[backend].filters->request, request.fields());
  }
  if (!fits || !fits_into(request.fields(), {})) return too_large();
  return rewrite(request);
}

Result<void> RouteFilters::rewrite(RequestHead& request) const {
  const std::optional<UrlRewrite>& rewrite = rule_.filters->rewrite;
  if (!rewrite) return {};
  if (!rewrite->hostname.empty() && !request.set_authority(rewrite->hostname)) return too_large();
  if (!rewrite_path_.is_set() || !request.path().starts_with('/')) return {};
  HEDDLE_TRY(PathPieces pieces, rewrite_path_.apply(request.path()));
  std::array<char, HttpLimits{}.target_bytes> room;  // not initialised: 16 KiB
  size_t size = 0;
  for (std::string_view piece : pieces) {
    if (piece.size() > room.size() - size) return make_error(Reason::kUriTooLong, "after the rewrite");
    std::copy(piece.begin(), piece.end(), room.begin() + static_cast<ptrdiff_t>(size));
    size += piece.size();
  }
  std::string_view path(room.data(), size);
  HEDDLE_CHECK_OK(check_path(path));
  return request.set_path(path) ? Result<void>() : too_large();
}

bool RouteFilters::apply_to_answer(const RequestHead& request, ResponseHead& answer,
                                   std::optional<size_t> backend) const {
  bool fits = apply(rule_.filters->response, answer.fields());
  if (backend && *backend < rule_.backends.size()) {
    fits = fits && apply(rule_.backends[*backend].filters->response, answer.fields());
  }
  fits = fits && (!cors_ || cors_->mark_answer(request, answer.fields()));
  return fits && fits_into(answer.fields(), HttpLimits::mesh());
}

Result<void> RouteFilters::write_redirect(const RequestHead& request, uint16_t port, ResponseHead& answer) const {
  const RequestRedirect& redirect = *rule_.filters->redirect;
  std::string_view scheme = redirect.scheme.empty() ? request.scheme() : std::string_view(redirect.scheme);
  std::string_view host = redirect.hostname.empty() ? host_of(request.authority()) : redirect.hostname;
  PathPieces path{request.path(), {}, {}};
  if (!request.path().starts_with('/')) path[0] = "/";  // OPTIONS *
  if (redirect_path_.is_set() && request.path().starts_with('/')) {
    HEDDLE_TRY(PathPieces changed, redirect_path_.apply(request.path()));
    path = changed;
  }
  std::array<char, 8> room{};
  std::array<std::string_view, 7> location = {scheme,  "://",   host,   port_text(redirect, scheme, port, room),
                                              path[0], path[1], path[2]};
  if (host.empty()) {  // HTTP/1.0 without Host: relative, and then `//name` would be another host
    if (request.path().starts_with("//")) return make_error(Reason::kBadRequest, "`//` without a host");
    std::fill_n(location.begin(), 4, std::string_view());
  }
  answer.status = redirect.status;
  return answer.fields().add(HeaderName::kLocation, location) ? Result<void>() : too_large();
}
}  // namespace heddle
