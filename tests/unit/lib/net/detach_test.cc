// detach(): only plain TCP has it, so it is no part of the contract.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/support/recording_observer.h"
#include "tests/support/transport_pairs.h"

namespace heddle {
namespace {

TEST(TransportDetach, GivesUpAQuietTcpConnection) {
  Loop loop;
  TransportPair pair = tcp_pairs().make(loop, SocketBuffers::kDefault);
  RecordingObserver at_a, at_b;
  pair.a->observe(&at_a);
  pair.b->observe(&at_b);
  loop.run_until([&] { return at_a.saw("connected"); });

  std::optional<UniqueFd> fd = pair.a->detach();
  ASSERT_TRUE(fd.has_value());
  pair.a.reset();
  ASSERT_EQ(send(fd->get(), "hi", 2, 0), 2);
  loop.run_until([&] { return at_b.received == "hi"; });

  EXPECT_FALSE(at_a.is_closed());
}

TEST(TransportDetach, KeepsAConnectionWithQueuedBytes) {
  Loop loop;
  TransportPair pair = tcp_pairs().make(loop, SocketBuffers::kDefault);
  (void)pair.a->write(Buffer(loop.blocks(), "x"));

  EXPECT_FALSE(pair.a->detach().has_value());
}

TEST(TransportDetach, KeepsAConnectionWithUnconsumedBytes) {
  Loop loop;
  TransportPair pair = tcp_pairs().make(loop, SocketBuffers::kDefault);
  RecordingObserver at_a;
  at_a.appetite = 0;
  pair.a->observe(&at_a);
  (void)pair.b->write(Buffer(loop.blocks(), "x"));
  loop.run_until([&] { return at_a.offers == 1; });

  EXPECT_FALSE(pair.a->detach().has_value());
}

TEST(TransportDetach, IsNotForUnixSockets) {
  Loop loop;
  TransportPair pair = unix_pairs().make(loop, SocketBuffers::kDefault);

  EXPECT_FALSE(pair.a->detach().has_value());
}
}  // namespace
}  // namespace heddle
