// RateTables: the buckets of all limits of the process, by the limit. A limit that is still the same after a change of
// configuration, for any worker, keeps its buckets; one that nobody uses any more is forgotten. Made in the composition
// root; thread-safe (a mutex, taken when a configuration is applied, never by a request).
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "lib/base/sip_hash.h"
#include "proxy/resilience/rate_buckets.h"

namespace heddle {
class RateTables {
 public:
  explicit RateTables(SipKey secret) : secret_(secret) {}
  // `limit` says everything of which the buckets depend.
  std::shared_ptr<RateBuckets> get(const std::string& limit, RateShape, RateBuckets::Keyed);
  const SipKey& secret() const noexcept { return secret_; }  // for hashes of keys
  size_t size() const;

 private:
  SipKey secret_;
  mutable std::mutex mutex_;  // guards tables_
  std::map<std::string, std::weak_ptr<RateBuckets>> tables_;
};
}  // namespace heddle
