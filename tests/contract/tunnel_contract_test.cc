// The rule of Tunnel (lib/net/tunnel.h) for every way to carry one.
#include <gtest/gtest.h>

#include "lib/net/tcp_tunnel.h"
#include "tests/support/recording_observer.h"
#include "tests/support/run_turns.h"
#include "tests/support/transport_pairs.h"

namespace heddle {
namespace {
constexpr size_t kMiB = 1024 * 1024;

enum class Splice : uint8_t { kNever, kSoon, kSoonWithoutPipes };

struct TunnelCase {
  std::string name;
  TransportPairFactory pairs;
  Splice splice = Splice::kNever;
};
void PrintTo(const TunnelCase& c, std::ostream* out) { *out << c.name; }

class TunnelContract : public testing::TestWithParam<TunnelCase> {
 protected:
  // client - (down) tunnel (up) - server
  void open(SocketBuffers buffers = SocketBuffers::kDefault, Duration idle = Tunnel::kIdleTimeout) {
    TransportPair down = GetParam().pairs.make(loop, buffers);
    TransportPair up = GetParam().pairs.make(loop, buffers);
    client = std::move(down.a);
    server = std::move(up.b);
    client->observe(&at_client);
    server->observe(&at_server);
    TunnelOptions options;
    options.idle = idle;
    options.splice_after = 1;
    if (GetParam().splice != Splice::kNever) options.pipes = &pipes;
    tunnel = std::make_unique<TcpTunnel>(loop, std::move(down.b), std::move(up.a), options, [this](const Error& why) {
      ++done_calls;
      done = why;
      bytes = tunnel->bytes();
      was_spliced = tunnel->is_spliced();
      loop.retire(*tunnel.release());
    });
  }
  // A first exchange, after which a tunnel that may splice does.
  void warm_up() {
    send(*client, "hi");
    run_until([this] { return at_server.received == "hi"; });
    settle();
    ASSERT_EQ(tunnel->is_spliced(), GetParam().splice != Splice::kNever);
  }
  void run_until(UniqueFunction<bool()> condition) {
    ASSERT_TRUE(runs_until(loop, condition)) << "nothing happened for a minute";
  }
  void settle() { run_turns(loop); }
  void send(Transport& to, std::string_view text) { (void)to.write(Buffer(loop.blocks(), text)); }

  Loop loop;
  PipePool pipes{GetParam().splice == Splice::kSoonWithoutPipes ? 0 : PipePool::kMost};
  RecordingObserver at_client, at_server;
  std::unique_ptr<Transport> client, server;
  std::unique_ptr<TcpTunnel> tunnel;
  std::optional<Error> done;
  int done_calls = 0;
  TunnelBytes bytes;
  bool was_spliced = false;
};

TEST_P(TunnelContract, CarriesBytesBothWaysAndCountsThem) {
  open();
  warm_up();
  std::string up(3 * kMiB, 'u'), down(2 * kMiB, 'd');

  send(*client, up);
  send(*server, down);
  run_until([&] { return at_server.received_bytes == up.size() + 2 && at_client.received_bytes == down.size(); });
  client->finish();
  server->finish();
  run_until([this] { return done.has_value(); });

  EXPECT_EQ(at_server.received == "hi" + up, true);
  EXPECT_EQ(at_client.received == down, true);
  EXPECT_EQ(bytes.up, up.size() + 2);
  EXPECT_EQ(bytes.down, down.size());
  EXPECT_EQ(done->reason, Reason::kNone);
  EXPECT_EQ(was_spliced, GetParam().splice != Splice::kNever);
}

TEST_P(TunnelContract, PassesTheEndOfOneDirectionAndKeepsTheOther) {
  open();
  warm_up();

  client->finish();
  run_until([this] { return at_server.saw("end"); });
  settle();
  send(*server, "still here");
  run_until([this] { return at_client.received == "still here"; });

  EXPECT_FALSE(done.has_value());
  EXPECT_FALSE(at_client.saw("end"));
}

TEST_P(TunnelContract, PassesTheEndOfTheOtherDirectionToo) {
  open();
  warm_up();

  server->finish();
  run_until([this] { return at_client.saw("end"); });
  send(*client, "still here");
  run_until([this] { return at_server.received == "histill here"; });

  EXPECT_FALSE(done.has_value());
}

TEST_P(TunnelContract, AReaderThatStopsHoldsTheWriterBack) {
  open(SocketBuffers::kSmall);
  warm_up();
  server->pause(PauseReason::kFlow);

  send(*client, std::string(16 * kMiB, 'x'));
  settle();
  size_t still_here = client->queued();
  server->resume(PauseReason::kFlow);
  run_until([this] { return at_server.received_bytes == 16 * kMiB + 2; });

  EXPECT_GT(still_here, 8 * kMiB);
}

// Only of those that know a reset.
class TunnelResetContract : public TunnelContract {};

TEST_P(TunnelResetContract, AnAbortOfTheClientAbortsTheServer) {
  open();
  warm_up();

  client->close(CloseMode::kAbort);
  run_until([this] { return done.has_value() && at_server.is_closed(); });

  EXPECT_EQ(done->reason, Reason::kIo);
  EXPECT_EQ(done->origin, Origin::kDownstream);
  EXPECT_EQ(at_server.closed->reason, Reason::kIo);
  EXPECT_EQ(done_calls, 1);
}

TEST_P(TunnelResetContract, AnAbortOfTheServerAbortsTheClient) {
  open();
  warm_up();

  server->close(CloseMode::kAbort);
  run_until([this] { return done.has_value() && at_client.is_closed(); });

  EXPECT_EQ(done->origin, Origin::kUpstream);
  EXPECT_EQ(at_client.closed->reason, Reason::kIo);
}

TEST_P(TunnelContract, AbortingTheTunnelEndsBothSidesFromTheLoop) {
  open();
  warm_up();

  tunnel->abort();
  EXPECT_FALSE(done.has_value());
  run_until([this] {
    return done.has_value() && (at_client.is_closed() || at_client.saw("end")) &&
           (at_server.is_closed() || at_server.saw("end"));
  });

  EXPECT_EQ(done->reason, Reason::kCancelled);
  EXPECT_EQ(done_calls, 1);
}

TEST_P(TunnelContract, EndsWhenNothingMoves) {
  open(SocketBuffers::kDefault, 100ms);
  warm_up();

  run_until([this] { return done.has_value(); });

  EXPECT_EQ(done->reason, Reason::kConnectionIdleTimeout);
}

TEST_P(TunnelContract, MayBeDestroyedWithBytesUnderWay) {
  open(SocketBuffers::kSmall);
  warm_up();
  server->pause(PauseReason::kFlow);
  send(*client, std::string(4 * kMiB, 'x'));
  settle();

  tunnel.reset();
  run_until([this] { return at_client.is_closed() || at_client.saw("end"); });

  EXPECT_EQ(done_calls, 0);
  EXPECT_EQ(pipes.in_use(), 0U);
}

TEST_P(TunnelContract, BytesOfADeadTunnelNeverReachTheNextOne) {
  open(SocketBuffers::kSmall);
  warm_up();
  server->pause(PauseReason::kFlow);
  send(*client, std::string(4 * kMiB, 'x'));
  settle();
  tunnel.reset();
  at_server.received.clear();

  open();
  send(*client, "clean");
  run_until([this] { return at_server.received_bytes >= 7; });
  settle();
  send(*client, " again");
  run_until([this] { return at_server.received_bytes >= 13; });

  EXPECT_EQ(at_server.received, "clean again");
}

TEST_P(TunnelContract, HoldsNoPipeAndNoBlockWhileNothingMoves) {
  open();
  warm_up();
  send(*client, std::string(kMiB, 'x'));
  run_until([this] { return at_server.received_bytes == kMiB + 2; });

  settle();

  EXPECT_EQ(pipes.in_use(), 0U);
  EXPECT_EQ(loop.blocks().bytes_in_use(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Plain, TunnelResetContract,
                         testing::Values(TunnelCase{"memory", memory_pairs()}, TunnelCase{"tcp", tcp_pairs()},
                                         TunnelCase{"splice", tcp_pairs(), Splice::kSoon},
                                         TunnelCase{"splice_by_copy", tcp_pairs(), Splice::kSoonWithoutPipes}),
                         [](const auto& param_info) { return param_info.param.name; });
INSTANTIATE_TEST_SUITE_P(Plain, TunnelContract,
                         testing::Values(TunnelCase{"memory", memory_pairs()}, TunnelCase{"tcp", tcp_pairs()},
                                         TunnelCase{"unix", unix_pairs()},
                                         TunnelCase{"splice", tcp_pairs(), Splice::kSoon},
                                         TunnelCase{"splice_by_copy", tcp_pairs(), Splice::kSoonWithoutPipes}),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(TcpTunnel, MovesBytesThatWereLeftUnconsumedFirst) {
  Loop loop;
  TransportPair down = memory_pairs().make(loop, SocketBuffers::kDefault);
  TransportPair up = memory_pairs().make(loop, SocketBuffers::kDefault);
  RecordingObserver detector, at_server;
  detector.appetite = 0;
  down.b->observe(&detector);
  up.b->observe(&at_server);
  (void)down.a->write(Buffer(loop.blocks(), "sniffed "));
  loop.run_until([&] { return detector.offers == 1; });

  TcpTunnel tunnel(loop, std::move(down.b), std::move(up.a), {}, [](const Error&) {});
  (void)down.a->write(Buffer(loop.blocks(), "and more"));
  loop.run_until([&] { return at_server.received_bytes == 16; });

  EXPECT_EQ(at_server.received, "sniffed and more");
}

TEST(TcpTunnel, GoesOnByCopyWhenOneSideCannotBeSpliced) {
  Loop loop;
  PipePool pipes;
  TransportPair down = tcp_pairs().make(loop, SocketBuffers::kDefault);
  TransportPair up = unix_pairs().make(loop, SocketBuffers::kDefault);
  RecordingObserver at_client, at_server;
  down.a->observe(&at_client);
  up.b->observe(&at_server);
  TunnelOptions options;
  options.pipes = &pipes;
  options.splice_after = 1;
  TcpTunnel tunnel(loop, std::move(down.b), std::move(up.a), options, [](const Error&) {});
  at_server.on_bytes = [&](Buffer& in) { (void)up.b->write(std::move(in)); };

  (void)down.a->write(Buffer(loop.blocks(), std::string(kMiB, 'x')));
  loop.run_until([&] { return at_client.received_bytes == kMiB; });

  EXPECT_FALSE(tunnel.is_spliced());
}
}  // namespace
}  // namespace heddle
