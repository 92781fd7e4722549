// RecordingObserver: writes down what a transport tells, in order, and consumes what it is told to. Counts upcalls that
// came inside a call down (`inside`): there must be none. Owned by the test; outlives its transport.
#pragma once
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/unique_function.h"
#include "lib/net/transport.h"

namespace heddle {
class RecordingObserver final : public Transport::Observer {
 public:
  void on_connected() override { note("connected"); }
  void on_data(Buffer& in) override {
    ++offers;
    offered = in.size();
    check();
    size_t n = std::min(in.size(), appetite);
    Buffer eaten = in.take(n);
    if (keep_bytes) received += eaten.to_string();
    received_bytes += n;
    if (on_bytes) on_bytes(eaten);
  }
  void on_end() override {
    note("end");
    if (then_end) then_end();
  }
  void on_drained() override {
    note("drained");
    if (then_drained) then_drained();
  }
  void on_closed(const Error& why) override {
    note("closed");
    closed = why;
    if (then_closed) then_closed();
  }

  bool saw(std::string_view event) const { return count(event) > 0; }
  size_t count(std::string_view event) const {
    size_t n = 0;
    for (const std::string& e : events) n += e == event ? 1 : 0;
    return n;
  }
  bool is_closed() const { return closed.has_value(); }

  // While one exists the test is inside a call down.
  class Guard {
   public:
    explicit Guard(RecordingObserver& o) : observer_(o) { ++observer_.depth; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { --observer_.depth; }

   private:
    RecordingObserver& observer_;
  };

  std::vector<std::string> events;  // connected, end, drained, closed
  std::string received;
  size_t received_bytes = 0;
  size_t offers = 0;
  size_t offered = 0;  // bytes in the last offer
  size_t appetite = std::numeric_limits<size_t>::max();
  bool keep_bytes = true;
  std::optional<Error> closed;
  int depth = 0;
  int inside = 0;  // upcalls inside calls down, or after on_closed
  UniqueFunction<void(Buffer&)> on_bytes;
  Task then_end, then_drained, then_closed;

 private:
  void check() {
    if (depth > 0 || closed) ++inside;
  }
  void note(const char* event) {
    check();
    events.emplace_back(event);
  }
};
}  // namespace heddle
