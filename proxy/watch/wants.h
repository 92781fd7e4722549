// Wants: which services this sidecar asks the control plane for, and how fast (design of the watch: at most 1,000 held,
// 10 new names a second, an "unknown" is remembered for 5 s). Pure: time is an argument. Owned by the WatchClient.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "lib/api/watch_messages.h"

namespace heddle {
// "hello", "hello.shop", "hello.shop.svc[.cluster.local]" -> Service/shop/hello; a bare name is of `client_ns`.
// Nothing for what can be no service: an address, a foreign domain.
std::optional<ResourceKey> service_key_of(std::string_view host, std::string_view client_ns);

class Wants {
 public:
  static constexpr double kPerSecond = 10;
  static constexpr Duration kRememberUnknown = 5s;
  static constexpr size_t kMaxUnknown = 1000;  // remembered at once; the oldest goes
  enum class Answer : uint8_t {
    kHeld,     // asked for already: its answer is here or on its way
    kQueued,   // will be asked for as soon as the rate allows
    kUnknown,  // the control plane said so a moment ago
    kTooMany,
  };

  Answer add(const ResourceKey&, MonoTime now);
  // Held from the start and not limited: configured, or of the last good snapshot.
  void hold(const ResourceKey&);
  void drop(const ResourceKey&);
  // The control plane does not know these (or will not tell). It would remember the want; those that came from requests
  // are dropped, so that scans do not fill the 1,000; those held from the start stay and are pushed when they appear.
  void on_unknown(std::span<const ResourceKey>, MonoTime now);
  // The stream begins anew with a hello that lists everything held.
  void on_hello();

  // What may be sent now, and when to ask again if more waits.
  WatchWant take(MonoTime now);
  std::optional<Duration> wait(MonoTime now) const;
  std::vector<ResourceKey> held() const { return {held_.begin(), held_.end()}; }
  bool is_held(const ResourceKey& key) const { return held_.contains(key); }
  size_t size() const noexcept { return held_.size() + queue_.size(); }

 private:
  void refill(MonoTime now);
  void forget_unknown(MonoTime now);
  std::set<ResourceKey> pinned_;   // held from the start
  std::set<ResourceKey> held_;     // told, or to be told by the next hello
  std::deque<ResourceKey> queue_;  // not told yet
  std::vector<ResourceKey> dropped_;
  std::map<ResourceKey, MonoTime> unknown_;  // until when
  double tokens_ = kPerSecond;
  std::optional<MonoTime> refilled_;
};
}  // namespace heddle
