#include "lib/routing/session_persistence.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "lib/base/strings.h"
#include "lib/config/unresolved.h"
#include "lib/http/cookie.h"

namespace heddle {
namespace {
constexpr size_t kMaxCookiePath = 1024;  // browsers ignore longer attributes (RFC 6265bis §5.6)
constexpr std::string_view kDefaultHeader = "x-session-persistence";

// Unique, so that rules do not overwrite each other's (GEP-1619), and the same in every sidecar.
std::string made_up_name(SessionType type, uint64_t rule) {
  if (type == SessionType::kHeader) return std::string(kDefaultHeader);
  SessionTokenText room;
  std::string_view hex = format_session_token({rule, 0, 0, 0}, room);
  return str_cat("heddle-session-", hex.substr(1, 8));
}

// As the value of a field is put together; what does not fit was never allowed by the limits of its parts.
class CookieText {
 public:
  CookieText& add(std::string_view text) noexcept {
    text = text.substr(0, room_.size() - used_);
    std::memcpy(room_.data() + used_, text.data(), text.size());
    used_ += text.size();
    return *this;
  }
  CookieText& add(int64_t number) noexcept {
    std::array<char, 20> digits{};
    char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return add({digits.data(), static_cast<size_t>(end - digits.data())});
  }
  std::string_view text() const noexcept { return {room_.data(), used_}; }

 private:
  static constexpr size_t kBytes = kMaxSessionName + kSessionTokenBytes + kMaxCookiePath + 96;
  std::array<char, kBytes> room_{};
  size_t used_ = 0;
};

// Rounded up: a token knows whole seconds, and began up to one of them ago.
int64_t whole_seconds(Duration time) noexcept { return std::chrono::ceil<std::chrono::seconds>(time).count(); }

// Of the text: what an expression says without any operator.
std::string_view plain_part(const PathMatch& match) noexcept {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_~%!&',=:@";
  std::string_view path = match.value;
  bool is_regex = match.type == PathMatchType::kRegex;
  if (is_regex && path.find('|') != path.npos) return {};
  size_t end = is_regex ? path.find_first_not_of(kPlain) : path.find(';');  // which ends an attribute
  if (end == path.npos) return path;
  path = path.substr(0, end);
  return path.substr(0, path.find_last_of('/') + 1);
}
}  // namespace

std::string_view to_text(SessionVerdict verdict) noexcept {
  constexpr std::string_view kTexts[] = {"none", "malformed", "foreign", "future", "expired", "idle", "gone", "valid"};
  return kTexts[static_cast<size_t>(verdict)];
}

std::string session_cookie_path(const PathMatch& match) {
  std::string_view path = plain_part(match);
  if (path.size() > kMaxCookiePath) path = path.substr(0, path.find_last_of('/', kMaxCookiePath));
  while (path.ends_with('/')) path.remove_suffix(1);  // "/a/" would not be sent to /a, which a prefix matches
  return std::string(path.starts_with('/') ? path : std::string_view("/"));
}

SessionPersistence::SessionPersistence(const HttpRouteSpec& route, uint32_t index, std::vector<SessionBackend> backends)
    : spec_(route.rules[index].session), backends_(std::move(backends)) {
  const HttpRouteRule& rule = route.rules[index];
  uint64_t scope = session_scope(route.key);
  std::string rule_name = rule.name.empty() ? std::to_string(index) : rule.name;
  name_ = spec_->name.empty() ? made_up_name(spec_->type, session_backend(scope, rule_name, 0)) : spec_->name;
  for (const SessionBackend& backend : backends_) hashes_.push_back(session_backend(scope, rule_name, backend.scope));
  if (spec_->type != SessionType::kCookie) return;
  for (const HttpMatch& match : rule.matches) {
    attributes_.push_back(str_cat("; Path=", session_cookie_path(match.path), "; HttpOnly; SameSite=Lax"));
  }
}

FoundSession SessionPersistence::find(const HeaderMap& request) const noexcept {
  bool is_cookie = spec_->type == SessionType::kCookie;
  std::optional<std::string_view> text = is_cookie ? find_cookie(request, name_) : request.get(name_);
  FoundSession out;
  if (!text) return out;
  out.verdict = SessionVerdict::kMalformed;
  std::optional<SessionToken> token = parse_session_token(*text);
  if (!token) return out;
  out.token = *token;
  auto found = std::find(hashes_.begin(), hashes_.end(), token->backend);
  auto number = static_cast<size_t>(found - hashes_.begin());
  bool is_ours = found != hashes_.end() && backends_[number].set != kNoBackendSet;
  out.verdict = is_ours ? SessionVerdict::kValid : SessionVerdict::kForeign;
  if (out) out.backend = static_cast<uint8_t>(number);
  return out;
}

FoundSession SessionPersistence::judge(FoundSession found, WallTime now) const noexcept {
  if (!found) return found;
  WallTime begun = session_time(found.token.begun);
  WallTime seen = session_time(found.token.seen);
  if (seen > now + kMaxClockSkew) {
    found.verdict = SessionVerdict::kFuture;
  } else if (spec_->absolute && now >= begun + *spec_->absolute) {
    found.verdict = SessionVerdict::kExpired;
  } else if (spec_->idle && now > seen + *spec_->idle) {
    found.verdict = SessionVerdict::kIdle;
  }
  return found;
}

std::optional<SessionToken> SessionPersistence::next(const FoundSession& was, uint8_t backend, uint64_t endpoint,
                                                     WallTime now) const noexcept {
  uint32_t seconds = session_seconds(now);
  bool goes_on = was && was.backend == backend && was.token.endpoint == endpoint;
  if (!goes_on) return SessionToken{hashes_[backend], endpoint, seconds, seconds};
  if (!spec_->idle || was.token.seen >= seconds) return std::nullopt;
  SessionToken out = was.token;
  out.seen = seconds;
  return out;
}

bool SessionPersistence::write(const SessionToken& token, size_t match, WallTime now, HeaderMap& answer) const {
  SessionTokenText room;
  std::string_view text = format_session_token(token, room);
  if (spec_->type == SessionType::kHeader) {
    answer.remove(name_);
    return answer.add(name_, text);
  }
  CookieText cookie;
  cookie.add(name_).add("=").add(text).add(attributes_[match]);
  if (spec_->permanent) {
    Duration left = session_time(token.begun) + *spec_->absolute - now;
    cookie.add("; Max-Age=").add(std::max<int64_t>(whole_seconds(left), 1));
  }
  return answer.add("set-cookie", cookie.text());
}
}  // namespace heddle
