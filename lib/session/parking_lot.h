// ParkingLot: the idle keep-alive connections of one loop, without their sessions: a descriptor, a deadline and what it
// takes to go on. 160 bytes instead of 2.4 KiB, so that thousands of idle clients cost next to nothing. Only HTTP/1
// over plain TCP is parked (whose ends the socket knows: no PROXY header told them), by its ServerSession, once it was
// idle for kAfter; the first byte, the peer's end, a drain or the idle deadline starts a new session on the same
// descriptor. All of them hang on one epoll instance, which is one descriptor of the loop. Owned by the worker; must
// outlive the registry's connections and die before the loop.
#pragma once
#include "lib/base/unique_fd.h"
#include "lib/event/offload.h"
#include "lib/metrics/cells.h"
#include "lib/session/connection.h"

namespace heddle {
class RequestHandler;
class ServerProtocol;
struct SessionLimits;

class ParkingLot {
 public:
  // Long enough that a busy connection is never parked: parking and coming back cost about eight system calls.
  static constexpr Duration kAfter = 1s;
  static constexpr int kEventsPerWake = 64;
  // After so many the allocator is asked to give back what their sessions held, on a pool thread, a moment later.
  static constexpr size_t kTrimFrom = 512;
  static constexpr Duration kTrimAfter = 1s;

  // What a session was started with, and is started with again. Must outlive the lot's connections.
  struct Session {
    ServerProtocol& protocol;
    RequestHandler& handler;
    const SessionLimits& limits;
  };
  // Null when the kernel has no epoll instance for us: nothing is parked then.
  static std::unique_ptr<ParkingLot> create(Loop&, ConnectionRegistry&, Gauge parked);
  ParkingLot(const ParkingLot&) = delete;
  ParkingLot& operator=(const ParkingLot&) = delete;

  // Takes over a connected descriptor on which nothing is under way; in `idle_left` it is closed.
  void park(UniqueFd, const Session&, Duration idle_left);

 private:
  class Parked;
  ParkingLot(Loop&, ConnectionRegistry&, UniqueFd epoll, Gauge parked);
  void on_ready();
  bool watch(Parked&);
  void trim();

  Loop& loop_;
  ConnectionRegistry& registry_;
  UniqueFd epoll_;
  UvHandle<uv_poll_t> poll_;
  Gauge parked_;
  size_t untrimmed_ = 0;
  DeadlineOf<ParkingLot, &ParkingLot::trim> trim_late_{*this};
  Pending trimming_;
};
}  // namespace heddle
