// Http2Memory, and what a busy connection costs once it is warm: nothing from the system.
#include "lib/http/http2_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "lib/base/poison.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/h2_rig.h"

namespace heddle {
namespace {
TEST(Http2Memory, ReusesWhatWasReleased) {
  Http2Memory memory;
  void* first = memory.allocate(240);
  memory.release(first);

  void* second = memory.allocate(250);  // the same class

  EXPECT_EQ(first, second);
  EXPECT_EQ(memory.system_allocations(), 1U);
  memory.release(second);
}

TEST(Http2Memory, TellsAddressSanitizerWhatNobodyHolds) {
  Http2Memory memory;
  void* first = memory.allocate(240);

  memory.release(first);

  EXPECT_EQ(is_poisoned(first), kPoisons);
  void* second = memory.allocate(250);
  EXPECT_FALSE(is_poisoned(second));
  memory.release(second);
}

TEST(Http2Memory, GivesAtLeastWhatIsAskedForInEveryClass) {
  Http2Memory memory;
  for (size_t n = 0; n < 70000; n += 13) {
    auto* p = static_cast<char*>(memory.allocate(n));
    std::memset(p, 1, n);  // the address sanitizer watches
    EXPECT_GE(memory.bytes_in_use(), n);
    EXPECT_LE(memory.bytes_in_use(), std::max<size_t>(32, n + n / 2 + 1));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(p) % 16, 0U);
    memory.release(p);
  }
  EXPECT_EQ(memory.bytes_in_use(), 0U);
}

TEST(Http2Memory, KeepsTheBytesWhenItGrows) {
  Http2Memory memory;
  void* p = memory.allocate(10);
  std::memcpy(p, "0123456789", 10);

  p = memory.reallocate(p, 40000);

  EXPECT_EQ(std::memcmp(p, "0123456789", 10), 0);
  memory.release(p);
}

TEST(Http2Memory, FreeListsAreBounded) {
  Http2Memory memory;
  std::vector<void*> held;
  for (int i = 0; i < 100; ++i) held.push_back(memory.allocate(32 * 1024));
  for (void* p : held) memory.release(p);

  for (void*& p : held) p = memory.allocate(32 * 1024);

  EXPECT_EQ(memory.system_allocations(), 100U + 100U - 32U);  // 1 MiB was kept
  for (void* p : held) memory.release(p);
}

// The events that log would allocate; these only look.
class QuietServer final : public ServerEvents {
 public:
  void on_request(StreamId, RequestHead&&, bool) override { ++requests; }
  void on_data(StreamId, Buffer&&, bool) override {}
  void on_trailers(StreamId, HeaderMap&&) override {}
  void on_reset(StreamId, ResetCode) override {}
  void on_drained(StreamId) override {}
  void on_go_away(StreamId) override {}
  int requests = 0;
};
class QuietClient final : public ClientEvents {
 public:
  void on_response(StreamId, ResponseHead&&, bool) override {}
  void on_informational(StreamId, ResponseHead&&) override {}
  void on_data(StreamId, Buffer&&, bool end) override { ends += end ? 1 : 0; }
  void on_trailers(StreamId, HeaderMap&&) override {}
  void on_reset(StreamId, ResetCode) override {}
  void on_drained(StreamId) override {}
  void on_go_away(StreamId) override {}
  int ends = 0;
};

struct QuietPair : h2::WorkerRig {
  void exchange(const RequestHead& request, const ResponseHead& response) {
    StreamId id = client.open(request, true);
    move();
    server.respond(id, response, false);
    (void)server.send_data(id, Buffer(pool, "hello"), true);
    move();
  }
  void move() {
    client.produce(wire, 1 << 20);
    ok = ok && server.receive(wire);
    server.produce(back, 1 << 20);
    ok = ok && client.receive(back);
  }
  QuietServer server_events;
  QuietClient client_events;
  Http2ServerCodec server{worker(), limits, server_events};
  Http2ClientCodec client{worker(), limits, client_events};
  Buffer wire{pool};
  Buffer back{pool};
  bool ok = true;
};

TEST(Http2SteadyState, ARequestAllocatesNothingFromTheSystem) {
  QuietPair pair;
  RequestHead request = pair.request("GET", "/x");
  ASSERT_TRUE(request.fields().add("user-agent", "ua") && request.fields().add("cookie", "a=1"));
  ResponseHead response = pair.response();
  response.content_length = 5;
  ASSERT_TRUE(response.fields().add("server", "x"));
  for (int i = 0; i < 2000; ++i) pair.exchange(request, response);
  uint64_t blocks = pair.pool.system_allocations();
  uint64_t memory = pair.memory.system_allocations();
  size_t live = pair.memory.bytes_in_use();
  AllocationCounter counter;

  for (int i = 0; i < 2000; ++i) pair.exchange(request, response);

  EXPECT_EQ(counter.count(), 0U);
  EXPECT_EQ(pair.pool.system_allocations(), blocks);
  EXPECT_EQ(pair.memory.system_allocations(), memory);
  EXPECT_EQ(pair.memory.bytes_in_use(), live);
  EXPECT_EQ(pair.client_events.ends, 4000);
  EXPECT_TRUE(pair.ok);
}
}  // namespace
}  // namespace heddle
