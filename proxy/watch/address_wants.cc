#include "proxy/watch/address_wants.h"

#include <algorithm>

namespace heddle {
void AddressWants::add(const Address& address) {
  bool is_asked = asked_.contains(address) || std::find(queue_.begin(), queue_.end(), address) != queue_.end();
  if (!is_asked && queue_.size() + asked_.size() < kMaxWantedAddresses) queue_.push_back(address);
}

bool AddressWants::is_unknown(const Address& address, MonoTime now, bool may_ask) const {
  return may_ask ? unknown_.contains(address, now) : unknown_.was_told(address);
}

void AddressWants::on_unknown(const Address& address, MonoTime now) {
  asked_.erase(address);
  unknown_.add(address, now);
}

void AddressWants::on_owned(const Address& address) {
  asked_.erase(address);
  unknown_.remove(address);
}

// Who waited no longer asks anew.
void AddressWants::on_stream_end() {
  for (const Address& address : asked_) queue_.push_back(address);
  asked_.clear();
}

std::vector<Address> AddressWants::take(MonoTime now) {
  tokens_ = tokens_at(now);
  refilled_ = now;
  std::vector<Address> out;
  for (; tokens_ >= 1 && !queue_.empty(); tokens_ -= 1) {
    asked_.insert(queue_.front());
    out.push_back(queue_.front());
    queue_.pop_front();
  }
  return out;
}

std::optional<Duration> AddressWants::wait(MonoTime now) const {
  if (queue_.empty()) return std::nullopt;
  double tokens = tokens_at(now);
  if (tokens >= 1) return Duration{};
  return Duration(static_cast<int64_t>((1 - tokens) / kPerSecond * 1e9) + 1000);
}

double AddressWants::tokens_at(MonoTime now) const {
  Duration since = refilled_ ? now - *refilled_ : Duration{};
  return std::min(kPerSecond, tokens_ + std::chrono::duration<double>(since).count() * kPerSecond);
}
}  // namespace heddle
