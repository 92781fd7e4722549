#include "lib/policy/rate_limit.h"

#include <utility>

#include "lib/base/strings.h"

namespace heddle {
namespace {
bool path_fits(const PathMatch& wanted, std::string_view path) noexcept {
  // A path too long for expressions must not be one that nobody counts.
  if (wanted.type == PathMatchType::kRegex) return path.size() > kMaxRegexSubject || wanted.regex.matches(path);
  bool is_any = wanted.type == PathMatchType::kPrefix && wanted.value.empty();
  return is_any || match_authz_path(wanted, path) != AuthzMatch::kNo;
}

MatchVerdict check_one(const HttpMatch& match, const RequestFacts& facts) noexcept {
  if (!path_fits(match.path, facts.path)) return {Mismatch::kPath};
  return match.conditions.is_default() ? MatchVerdict() : check_match(*match.conditions, facts);
}

// Each part is hashed with a key that depends on those before, so that ("ab", "c") is not ("a", "bc").
class PartHasher {
 public:
  explicit PartHasher(const SipKey& key) : key_(key) {}
  void add(std::string_view text) noexcept { sum_ = sip_hash({key_.k0 ^ sum_, key_.k1}, text); }
  void end_part() noexcept { sum_ = sip_hash({key_.k0 ^ sum_, ~key_.k1}, {}); }
  uint64_t value() const noexcept { return sum_; }

 private:
  SipKey key_;
  uint64_t sum_ = 0;
};
}  // namespace

std::vector<SelectedRateLimit> select_rate_limits(const Model& model, const AuthzSubject& subject) {
  std::vector<SelectedRateLimit> out;
  for (const auto& [key, policy] : model.rate_limit_policies) {
    if (!selects(policy->target, key.ns, subject)) continue;
    for (uint32_t i = 0; i < policy->limits.size(); ++i) out.push_back({policy, i});
  }
  return out;
}

MatchVerdict check_rate_limit(const RateLimit& limit, const RequestFacts& facts) noexcept {
  MatchVerdict verdict;
  for (const HttpMatch& match : limit.matches) {
    verdict = check_one(match, facts);
    if (verdict) return verdict;
  }
  return verdict;
}

std::string why_not_limited(const RateLimit& limit, const RequestFacts& facts) {
  MatchVerdict verdict = check_rate_limit(limit, facts);
  if (verdict) return {};
  const HttpMatch& last = limit.matches.back();
  return to_text(verdict, last.conditions.is_default() ? nullptr : &*last.conditions);
}

uint64_t hash_caller(const SpiffeId* peer, const SipKey& key) noexcept {
  return peer == nullptr ? 0 : sip_hash(key, peer->text());
}

uint64_t hash_rate_key(const RateLimit& limit, const SpiffeId* peer, const HeaderMap& fields,
                       const SipKey& key) noexcept {
  PartHasher hasher(key);
  if (limit.by_identity && peer != nullptr) hasher.add(peer->text());
  if (limit.by_identity) hasher.end_part();
  for (const std::string& name : limit.by) {
    for (size_t i = 0; i < fields.size(); ++i) {
      HeaderField field = fields.at(i);
      if (field.name == name) hasher.add(field.value);
    }
    hasher.end_part();
  }
  return hasher.value();
}

std::string to_text(const RateLimit& limit) {
  std::string out = str_cat(std::to_string(limit.requests), " per ", format_duration(limit.per), ", burst ",
                            std::to_string(limit.burst));
  std::string_view join = ", by ";
  if (limit.by_identity) out.append(std::exchange(join, " and ")).append("sourceIdentity");
  for (const std::string& name : limit.by) out.append(std::exchange(join, " and ")).append(name);
  return out;
}
}  // namespace heddle
