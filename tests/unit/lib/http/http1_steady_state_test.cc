// The hot path allocates nothing: neither from the system through the pool nor with operator new.
#include <gtest/gtest.h>

#include <string>

#include "lib/http/http1_client_codec.h"
#include "lib/http/http1_server_codec.h"
#include "tests/support/allocation_counter.h"

namespace heddle {
namespace {
// A proxy in small: answers 1 KiB, writes nothing down.
class Quiet final : public ServerEvents, public ClientEvents {
 public:
  explicit Quiet(BlockPool& pool) : server(pool, limits, "http", *this), client(pool, limits, *this), pool_(pool) {}
  void on_request(StreamId id, RequestHead&&, bool) override {
    ResponseHead head(pool_, 200);
    head.content_length = body_.size();
    HEDDLE_CHECK(head.fields().add("content-type", "text/plain"));
    server.respond(id, head, false);
    (void)server.send_data(id, Buffer(pool_, body_), true);
  }
  void on_response(StreamId, ResponseHead&&, bool) override {}
  void on_informational(StreamId, ResponseHead&&) override {}
  void on_data(StreamId id, Buffer&& data, bool end) override {
    client.credit(id, data.size());
    answers += end ? 1 : 0;
  }
  void on_trailers(StreamId, HeaderMap&&) override {}
  void on_reset(StreamId, ResetCode) override {}
  void on_drained(StreamId) override {}
  void on_go_away(StreamId) override {}

  void one_request() {
    RequestHead head(pool_);
    HEDDLE_CHECK(head.set_method("GET") && head.set_scheme("http") && head.set_authority("a") && head.set_path("/x"));
    HEDDLE_CHECK(head.fields().add("user-agent", "steady"));
    client.open(head, true);
    Buffer wire(pool_);
    client.produce(wire, 65536);
    HEDDLE_CHECK(server.receive(wire).has_value());
    server.produce(wire, 65536);
    HEDDLE_CHECK(client.receive(wire).has_value());
  }

  HttpLimits limits;
  Http1ServerCodec server;
  Http1ClientCodec client;
  int answers = 0;

 private:
  BlockPool& pool_;
  const std::string body_ = std::string(1024, 'x');
};

TEST(Http1SteadyState, AThousandRequestsAllocateNothing) {
  BlockPool pool;
  Quiet proxy(pool);
  for (int i = 0; i < 10; ++i) proxy.one_request();
  uint64_t from_system = pool.system_allocations();
  AllocationCounter from_new;

  for (int i = 0; i < 1000; ++i) proxy.one_request();

  EXPECT_EQ(pool.system_allocations(), from_system);
  EXPECT_EQ(from_new.count(), 0U);
  EXPECT_EQ(proxy.answers, 1010);
  EXPECT_EQ(pool.bytes_in_use(), 0U);
}
}  // namespace
}  // namespace heddle
