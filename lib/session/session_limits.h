// Timeouts of sessions (reliability rules R-T). Plain values, one per listener or backend set.
#pragma once
#include "lib/base/clock.h"
#include "lib/http/keep_alive_ping.h"

namespace heddle {
struct SessionLimits {
  Duration request_head = 10s;  // T3: first byte of a head to its end
  Duration idle = 60s;          // T5: keep-alive without a request; 3,600 s between sidecars
  Duration lingering = 1s;      // T9: after our last answer, reading on so that the client sees it
  size_t lingering_bytes = 64 * 1024;
  Duration drain = 25s;  // T12: hard end of a graceful close
  KeepAlive keep_alive;  // T10: HTTP/2 connections with streams, and idle ones of ours
};
}  // namespace heddle
