#include "proxy/watch/wants.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kClusterDomain = "cluster.local";
}

std::optional<ResourceKey> service_key_of(std::string_view host, std::string_view client_ns) {
  std::string lower = to_lower(host);
  std::vector<std::string_view> parts = split(lower, '.');
  bool fits = parts.size() <= 2 || (parts.size() == 3 && parts[2] == "svc") ||
              (parts.size() == 5 && parts[2] == "svc" && lower.ends_with(kClusterDomain));
  if (!fits || !is_dns_label(parts[0])) return std::nullopt;
  auto key = ResourceKey::make(Kind::kService, parts.size() == 1 ? client_ns : parts[1], parts[0]);
  return key ? std::optional<ResourceKey>(*std::move(key)) : std::nullopt;
}

Wants::Answer Wants::add(const ResourceKey& key, MonoTime now) {
  forget_unknown(now);
  if (unknown_.contains(key)) return Answer::kUnknown;
  if (held_.contains(key) || std::find(queue_.begin(), queue_.end(), key) != queue_.end()) return Answer::kHeld;
  if (size() >= kMaxWants) return Answer::kTooMany;
  std::erase(dropped_, key);
  queue_.push_back(key);
  return Answer::kQueued;
}

void Wants::hold(const ResourceKey& key) {
  if (size() >= kMaxWants) return;
  held_.insert(key);
  pinned_.insert(key);
}

void Wants::drop(const ResourceKey& key) {
  std::erase(queue_, key);
  pinned_.erase(key);
  if (held_.erase(key) != 0) dropped_.push_back(key);
}

void Wants::on_unknown(std::span<const ResourceKey> keys, MonoTime now) {
  for (const ResourceKey& key : keys) {
    if (!pinned_.contains(key) && held_.erase(key) != 0) dropped_.push_back(key);
    unknown_[key] = now + kRememberUnknown;
    if (unknown_.size() <= kMaxUnknown) continue;
    auto by_time = [](const auto& a, const auto& b) { return a.second < b.second; };
    unknown_.erase(std::min_element(unknown_.begin(), unknown_.end(), by_time));
  }
}

void Wants::on_hello() { dropped_.clear(); }

WatchWant Wants::take(MonoTime now) {
  refill(now);
  WatchWant want;
  want.drop.swap(dropped_);
  for (; tokens_ >= 1 && !queue_.empty(); tokens_ -= 1) {
    held_.insert(queue_.front());
    want.add.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return want;
}

std::optional<Duration> Wants::wait(MonoTime now) const {
  if (!dropped_.empty()) return Duration{};
  if (queue_.empty()) return std::nullopt;
  Duration since = refilled_ ? now - *refilled_ : Duration{};
  double tokens = tokens_ + std::chrono::duration<double>(since).count() * kPerSecond;
  if (tokens >= 1) return Duration{};
  return Duration(static_cast<int64_t>((1 - tokens) / kPerSecond * 1e9) + 1000);
}

void Wants::refill(MonoTime now) {
  if (refilled_) {
    double seconds = std::chrono::duration<double>(now - *refilled_).count();
    tokens_ = std::min(kPerSecond, tokens_ + seconds * kPerSecond);
  }
  refilled_ = now;
}

void Wants::forget_unknown(MonoTime now) {
  std::erase_if(unknown_, [now](const auto& entry) { return entry.second <= now; });
}
}  // namespace heddle
