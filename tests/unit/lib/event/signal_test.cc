#include "lib/event/signal.h"

#include <gtest/gtest.h>

#include <csignal>

namespace heddle {
namespace {

TEST(SignalWatch, HearsEveryDeliveryUntilItDies) {
  Loop loop;
  int heard = 0;
  SignalWatch watch(loop, SIGUSR1, [&] { ++heard; });

  std::raise(SIGUSR1);
  loop.run_until([&] { return heard == 1; });
  std::raise(SIGUSR1);
  loop.run_until([&] { return heard == 2; });

  EXPECT_EQ(heard, 2);
}

TEST(SignalWatch, MayDieInItsOwnCallback) {
  Loop loop;
  std::unique_ptr<SignalWatch> watch;
  bool heard = false;
  watch = std::make_unique<SignalWatch>(loop, SIGUSR2, [&] {
    watch.reset();
    heard = true;
  });

  std::raise(SIGUSR2);
  loop.run_until([&] { return heard; });

  EXPECT_EQ(watch, nullptr);
}
}  // namespace
}  // namespace heddle
