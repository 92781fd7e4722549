// The laws of Transport (lib/net/transport.h), for every implementation. To add one: a factory in tests/support and a
// line in INSTANTIATE below.
#include <gtest/gtest.h>

#include "tests/support/recording_observer.h"
#include "tests/support/run_turns.h"
#include "tests/support/seeded_random.h"
#include "tests/support/transport_pairs.h"

namespace heddle {
namespace {
constexpr size_t kMiB = 1024 * 1024;

std::string pattern(size_t size) {
  std::string text(size, '\0');
  SeededRandom random(7);
  for (char& c : text) c = static_cast<char>(random.next());
  return text;
}

class TransportContract : public testing::TestWithParam<TransportPairFactory> {
 protected:
  void make(SocketBuffers buffers = SocketBuffers::kDefault) {
    pair = GetParam().make(loop, buffers);
    observe_both();
    run_until([this] { return at_a.saw("connected") && at_b.saw("connected"); });
  }
  void observe_both() {
    pair.a->observe(&at_a);
    pair.b->observe(&at_b);
  }
  // Gives up after a minute, so that a broken implementation fails instead of hanging.
  void run_until(UniqueFunction<bool()> done) {
    ASSERT_TRUE(runs_until(loop, done)) << "nothing happened for a minute";
  }
  // Several turns, for what must not happen.
  void settle() { run_turns(loop); }
  Buffer bytes(std::string_view text) { return Buffer(loop.blocks(), text); }
  // Sends `total` bytes in chunks, stopping at kFull and going on at on_drained.
  struct Pump {
    Transport& to;
    Loop& loop;
    const std::string& text;
    size_t at = 0;
    size_t most_queued = 0;
    void run() {
      while (at < text.size()) {
        size_t n = std::min<size_t>(text.size() - at, 16000);
        Flow flow = to.write(Buffer(loop.blocks(), std::string_view(text).substr(at, n)));
        at += n;
        most_queued = std::max(most_queued, to.queued());
        if (flow == Flow::kFull) return;
      }
      to.finish();
    }
  };

  Loop loop;
  RecordingObserver at_a, at_b;
  TransportPair pair;
};

TEST_P(TransportContract, TellsOnConnectedOnceBeforeAnythingElse) {
  make();
  (void)pair.a->write(bytes("x"));
  run_until([this] { return at_b.received_bytes == 1; });

  EXPECT_EQ(at_a.events, std::vector<std::string>{"connected"});
  EXPECT_EQ(at_b.events, std::vector<std::string>{"connected"});
}

TEST_P(TransportContract, HasTheEndsThatAPeerInFrontOfItNamed) {
  make();
  Address client = *Address::parse("192.0.2.1:5000");
  Address server = *Address::parse("[2001:db8::1]:443");
  EXPECT_FALSE(pair.b->info().is_proxied);

  pair.b->set_ends(client, server);

  EXPECT_EQ(pair.b->info().peer, client);
  EXPECT_EQ(pair.b->info().local, server);
  EXPECT_TRUE(pair.b->info().is_proxied);
}

TEST_P(TransportContract, CarriesBytesUnchangedAndInOrder) {
  make();
  std::string text = pattern(kMiB);

  (void)pair.a->write(bytes(text));
  run_until([&] { return at_b.received_bytes == text.size(); });

  EXPECT_EQ(at_b.received, text);
}

TEST_P(TransportContract, EchoesAMebibyte) {
  make();
  std::string text = pattern(kMiB);
  at_b.on_bytes = [this](Buffer& in) { (void)pair.b->write(std::move(in)); };

  (void)pair.a->write(bytes(text));
  run_until([&] { return at_a.received_bytes == text.size(); });

  EXPECT_EQ(at_a.received, text);
}

TEST_P(TransportContract, EchoesWhileEachSideStopsForTheOther) {
  make(SocketBuffers::kSmall);
  std::string text = pattern(4 * kMiB);
  at_b.on_bytes = [this](Buffer& in) {
    if (pair.b->write(std::move(in)) == Flow::kFull) pair.b->pause(PauseReason::kFlow);
  };
  at_b.then_drained = [this] { pair.b->resume(PauseReason::kFlow); };
  Pump pump{*pair.a, loop, text};
  at_a.then_drained = [&] { pump.run(); };

  pump.run();
  run_until([&] { return at_a.received_bytes == text.size(); });

  EXPECT_EQ(at_a.received == text, true);
}

TEST_P(TransportContract, ManySmallWritesOfOneTurnArriveTogether) {
  make();

  for (int i = 0; i < 300; ++i) (void)pair.a->write(bytes("abc"));
  run_until([this] { return at_b.received_bytes == 900; });

  EXPECT_LE(at_b.offers, 5U);
}

TEST_P(TransportContract, FinishEndsOneDirectionOnly) {
  make();

  (void)pair.a->write(bytes("question"));
  pair.a->finish();
  run_until([this] { return at_b.saw("end"); });
  (void)pair.b->write(bytes("answer"));
  run_until([this] { return at_a.received_bytes == 6; });

  EXPECT_EQ(at_b.received, "question");
  EXPECT_EQ(at_a.received, "answer");
  EXPECT_FALSE(at_a.saw("end"));
  EXPECT_FALSE(at_b.is_closed());
}

TEST_P(TransportContract, ClosesCleanlyWhenBothSidesFinished) {
  make();

  (void)pair.a->write(bytes("1"));
  pair.a->finish();
  (void)pair.b->write(bytes("2"));
  pair.b->finish();
  run_until([this] { return at_a.is_closed() && at_b.is_closed(); });

  EXPECT_EQ(at_a.events, (std::vector<std::string>{"connected", "end", "closed"}));
  EXPECT_EQ(at_b.events, (std::vector<std::string>{"connected", "end", "closed"}));
  EXPECT_EQ(at_a.closed->reason, Reason::kNone);
  EXPECT_EQ(at_b.received, "1");
}

TEST_P(TransportContract, IgnoresWritesAfterFinish) {
  make();

  pair.a->finish();
  EXPECT_EQ(pair.a->write(bytes("late")), Flow::kOpen);
  run_until([this] { return at_b.saw("end"); });

  EXPECT_EQ(at_b.received, "");
}

TEST_P(TransportContract, SaysFullAtTheMarkAndDrainedExactlyOnce) {
  make(SocketBuffers::kSmall);
  pair.b->pause(PauseReason::kFlow);
  settle();

  EXPECT_EQ(pair.a->write(bytes(pattern(Transport::kWriteHighMark - 1))), Flow::kOpen);
  EXPECT_EQ(pair.a->write(bytes("x")), Flow::kFull);
  EXPECT_EQ(pair.a->write(bytes(pattern(4 * Transport::kWriteHighMark))), Flow::kFull);
  settle();
  EXPECT_FALSE(at_a.saw("drained"));
  pair.b->resume(PauseReason::kFlow);
  run_until([this] { return at_b.received_bytes == 5 * Transport::kWriteHighMark; });
  settle();

  EXPECT_EQ(at_a.count("drained"), 1U);
  EXPECT_EQ(pair.a->queued(), 0U);
}

TEST_P(TransportContract, APausedTransportOffersNothing) {
  make();
  pair.b->pause(PauseReason::kFlow);
  (void)pair.a->write(bytes("hello"));
  pair.a->finish();

  settle();
  EXPECT_EQ(at_b.offers, 0U);
  EXPECT_FALSE(at_b.saw("end"));
  pair.b->resume(PauseReason::kFlow);
  run_until([this] { return at_b.saw("end"); });

  EXPECT_EQ(at_b.received, "hello");
}

TEST_P(TransportContract, EveryPauseReasonMustBeReleased) {
  make();
  pair.b->pause(PauseReason::kFlow);
  pair.b->pause(PauseReason::kFlow);
  pair.b->pause(PauseReason::kAdmission);
  (void)pair.a->write(bytes("hello"));

  pair.b->resume(PauseReason::kFlow);
  settle();
  EXPECT_EQ(at_b.offers, 0U);
  pair.b->resume(PauseReason::kAdmission);
  run_until([this] { return at_b.received_bytes == 5; });

  EXPECT_EQ(at_b.received, "hello");
}

TEST_P(TransportContract, OffersWhatWasLeftAgainAfterNewBytes) {
  make();
  at_b.appetite = 2;
  (void)pair.a->write(bytes("abcd"));
  run_until([this] { return at_b.offers == 1; });

  at_b.appetite = 100;
  (void)pair.a->write(bytes("ef"));
  run_until([this] { return at_b.received_bytes == 6; });

  EXPECT_EQ(at_b.received, "abcdef");
}

TEST_P(TransportContract, OffersWhatWasLeftToTheNextObserver) {
  make();
  RecordingObserver second;
  at_b.appetite = 1;
  (void)pair.a->write(bytes("abc"));
  run_until([this] { return at_b.offers == 1; });

  pair.b->observe(&second);
  run_until([&] { return second.received_bytes == 2; });

  EXPECT_EQ(at_b.received, "a");
  EXPECT_EQ(second.received, "bc");
  EXPECT_FALSE(second.saw("connected"));
}

TEST_P(TransportContract, ReoffersOnRequestButNotInsideTheCall) {
  make();
  at_b.appetite = 0;
  (void)pair.a->write(bytes("abc"));
  run_until([this] { return at_b.offers == 1; });

  settle();
  EXPECT_EQ(at_b.offers, 1U);
  at_b.appetite = 3;
  {
    RecordingObserver::Guard guard(at_b);
    pair.b->reoffer();
  }
  run_until([this] { return at_b.received_bytes == 3; });

  EXPECT_EQ(at_b.offers, 2U);
  EXPECT_EQ(at_b.inside, 0);
}

TEST_P(TransportContract, StopsReadingWhenNothingIsConsumed) {
  make();
  at_b.appetite = 0;

  (void)pair.a->write(bytes(pattern(16 * kMiB)));
  settle();

  EXPECT_LE(at_b.offered, Transport::kUnconsumedMark + 64 * 1024);
  EXPECT_GT(pair.a->queued(), 0U);
}

TEST_P(TransportContract, ReadsNothingWithoutAnObserver) {
  make();
  pair.b->observe(nullptr);
  (void)pair.a->write(bytes("abc"));
  settle();
  EXPECT_EQ(at_b.offers, 0U);

  pair.b->observe(&at_b);
  run_until([this] { return at_b.received_bytes == 3; });

  EXPECT_EQ(at_b.received, "abc");
}

TEST_P(TransportContract, CloseFlushDeliversTheQueueAndThenTheEnd) {
  make();
  std::string text = pattern(kMiB);
  at_b.then_end = [this] { pair.b->close(CloseMode::kFlush); };

  (void)pair.a->write(bytes(text));
  pair.a->close(CloseMode::kFlush);
  run_until([this] { return at_a.is_closed() && at_b.is_closed(); });

  EXPECT_EQ(at_b.received, text);
  EXPECT_EQ(at_a.closed->reason, Reason::kNone);
  EXPECT_EQ(at_b.closed->reason, Reason::kNone);
}

TEST_P(TransportContract, CloseFlushIsBounded) {
  make(SocketBuffers::kSmall);
  pair.b->pause(PauseReason::kFlow);
  settle();
  MonoTime start = loop.now();

  (void)pair.a->write(bytes(pattern(4 * kMiB)));
  pair.a->close(CloseMode::kFlush);
  run_until([this] { return at_a.is_closed(); });

  EXPECT_EQ(at_a.closed->reason, Reason::kTimeout);
  EXPECT_GE(loop.now() - start, Transport::kFlushDeadline);
}

TEST_P(TransportContract, AnUploadInFlightDoesNotDestroyTheAnswerOfCloseFlush) {
  make();
  at_b.on_bytes = [this](Buffer&) {
    (void)pair.b->write(bytes("too large"));
    pair.b->close(CloseMode::kFlush);
  };

  (void)pair.a->write(bytes(pattern(8 * kMiB)));
  pair.a->finish();
  run_until([this] { return at_b.is_closed() && at_a.saw("end"); });

  EXPECT_EQ(at_a.received, "too large");
}

TEST_P(TransportContract, AbortTellsBothSidesOnce) {
  make();

  {
    RecordingObserver::Guard guard(at_a);
    pair.a->close(CloseMode::kAbort);
    pair.a->close(CloseMode::kAbort);
    pair.a->close(CloseMode::kFlush);
  }
  run_until([this] { return at_a.is_closed() && (at_b.is_closed() || at_b.saw("end")); });
  settle();

  EXPECT_EQ(at_a.count("closed"), 1U);
  EXPECT_EQ(at_a.closed->reason, Reason::kCancelled);
  EXPECT_EQ(at_a.inside, 0);
  EXPECT_EQ(at_b.is_closed(), GetParam().abort_is_an_error);
}

TEST_P(TransportContract, AbortDropsTheQueue) {
  make();

  (void)pair.a->write(bytes(pattern(1000)));
  pair.a->close(CloseMode::kAbort);
  run_until([this] { return at_a.is_closed() && (at_b.is_closed() || at_b.saw("end")); });

  EXPECT_EQ(at_b.received_bytes, 0U);
}

// Only of those that know a reset.
class TransportResetContract : public TransportContract {};

TEST_P(TransportResetContract, AResetIsAnIoErrorWithWords) {
  make();

  pair.a->close(CloseMode::kAbort);
  run_until([this] { return at_b.is_closed(); });

  EXPECT_EQ(at_b.closed->reason, Reason::kIo);
  EXPECT_NE(at_b.closed->detail.find("reset"), std::string::npos) << at_b.closed->detail;
  EXPECT_FALSE(at_b.saw("end"));
}

TEST_P(TransportContract, CallsDownNeverCallUp) {
  make();
  (void)pair.a->write(bytes("unconsumed"));
  at_b.appetite = 0;
  run_until([this] { return at_b.offers == 1; });

  {
    RecordingObserver::Guard guard(at_b);
    pair.b->observe(&at_b);
    (void)pair.b->write(bytes(pattern(2 * Transport::kWriteHighMark)));
    pair.b->pause(PauseReason::kFlow);
    pair.b->resume(PauseReason::kFlow);
    pair.b->reoffer();
    pair.b->finish();
    pair.b->close(CloseMode::kFlush);
    pair.b->close(CloseMode::kAbort);
  }
  run_until([this] { return at_b.is_closed(); });

  EXPECT_EQ(at_b.inside, 0);
}

TEST_P(TransportContract, MayBeClosedInsideEveryUpcall) {
  make();
  at_b.on_bytes = [this](Buffer&) { pair.b->close(CloseMode::kAbort); };

  (void)pair.a->write(bytes("bye"));
  run_until([this] { return at_b.is_closed(); });

  EXPECT_EQ(at_b.events, (std::vector<std::string>{"connected", "closed"}));
  EXPECT_EQ(at_b.inside, 0);
}

TEST_P(TransportContract, DestroyingIsSilentAndEndsThePeersInput) {
  make();

  pair.a.reset();
  run_until([this] { return at_b.saw("end") || at_b.is_closed(); });

  EXPECT_EQ(at_a.events, std::vector<std::string>{"connected"});
}

TEST_P(TransportContract, MayBeDestroyedWithWritesInFlight) {
  make(SocketBuffers::kSmall);
  pair.b->pause(PauseReason::kFlow);
  (void)pair.a->write(bytes(pattern(4 * kMiB)));
  settle();
  bool done = false;

  loop.post([&] {
    pair.a.reset();
    done = true;
  });
  run_until([&] { return done; });

  EXPECT_EQ(at_a.events, std::vector<std::string>{"connected"});
}

TEST_P(TransportContract, CarriesSixteenMebibytesBothWaysThroughSmallBuffers) {
  make(SocketBuffers::kSmall);
  std::string text = pattern(16 * kMiB);
  Pump from_a{*pair.a, loop, text}, from_b{*pair.b, loop, text};
  at_a.then_drained = [&] { from_a.run(); };
  at_b.then_drained = [&] { from_b.run(); };

  from_a.run();
  from_b.run();
  run_until([&] { return at_a.is_closed() && at_b.is_closed(); });

  EXPECT_EQ(at_a.received == text, true);
  EXPECT_EQ(at_b.received == text, true);
  EXPECT_LE(from_a.most_queued, Transport::kWriteHighMark + 16000);
}

TEST_P(TransportContract, HoldsNoBlocksWhileIdle) {
  make();
  (void)pair.a->write(bytes(pattern(kMiB)));
  run_until([&] { return at_b.received_bytes == kMiB; });

  settle();

  EXPECT_EQ(loop.blocks().bytes_in_use(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Plain, TransportContract, testing::Values(memory_pairs(), tcp_pairs(), unix_pairs()),
                         [](const auto& param_info) { return param_info.param.name; });
INSTANTIATE_TEST_SUITE_P(Plain, TransportResetContract, testing::Values(memory_pairs(), tcp_pairs()),
                         [](const auto& param_info) { return param_info.param.name; });
INSTANTIATE_TEST_SUITE_P(Tls, TransportResetContract,
                         testing::Values(tls_pairs(memory_pairs()), tls_pairs(tcp_pairs())),
                         [](const auto& param_info) { return param_info.param.name; });
INSTANTIATE_TEST_SUITE_P(Tls, TransportContract, testing::Values(tls_pairs(memory_pairs()), tls_pairs(tcp_pairs())),
                         [](const auto& param_info) { return param_info.param.name; });
}  // namespace
}  // namespace heddle
