// POST /explain of the admin: its question, which listener it is for, and what only the main loop knows about the
// answer. Pure but for the reading of the health checker. Limit: a body of 128 KiB; of a head sidecars take 60.
#pragma once
#include <span>
#include <string>

#include "lib/decision/explain.h"
#include "proxy/admin/listener_rows.h"
#include "proxy/upstream/health_checker.h"

namespace heddle {
struct LiveWords {
  static constexpr size_t kMaxBody = 128 * 1024;
  ExplainWords words;     // client_ns is for the sidecar to say
  std::string listener;   // empty: whichever fits
  std::string direction;  // "outbound", "inbound"
};
// {"url","method","from","headers","draw","listener","direction"}, all but `url` optional. kBadRequest, kUnsupported,
// one problem per line; kTooLarge.
Result<LiveWords> read_live_words(std::string_view body);

// Of the direction and name asked for: the only one, or of several the only one that goes by Host. kBadRequest,
// naming those there are.
Result<size_t> choose_listener(const LiveWords&, std::span<const ListenerRow>);

// Why checks call an endpoint DOWN, and which endpoints nobody checks.
void add_checks(const HealthChecker&, Explanation&);
}  // namespace heddle
