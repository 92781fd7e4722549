#include <gtest/gtest.h>

#include <future>

#include "lib/event/name_lookup.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
constexpr int kMoreThanThePool = 16;

TEST(NameLookup, FindsEveryAddressWithThePort) {
  Loop loop;
  NameLookup names(loop);
  std::optional<Result<std::vector<Address>>> found;

  Pending lookup =
      names.find("localhost", 443, [&](Result<std::vector<Address>> result) { found = std::move(result); });

  ASSERT_TRUE(runs_until(loop, [&] { return found.has_value(); }));
  ASSERT_TRUE(*found) << found->error().text();
  ASSERT_FALSE((*found)->empty());
  EXPECT_EQ((*found)->front().port(), 443);
}

TEST(NameLookup, OneThatIsCancelledBeforeItBeginsGivesItsPlaceBack) {
  Loop loop;
  Offload offload(loop);
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  int ended = 0;
  std::vector<Pending> busy;
  busy.reserve(kMoreThanThePool);
  for (int i = 0; i < kMoreThanThePool; ++i) {
    busy.push_back(offload.run([open] { open.wait(); }, [&] { ++ended; }));
  }
  NameLookup names(loop);

  for (size_t i = 0; i < NameLookup::kMaxAtOnce; ++i) {
    Pending lookup = names.find("localhost", 443, [](const Result<std::vector<Address>>&) { ADD_FAILURE(); });
  }
  gate.set_value();
  ASSERT_TRUE(runs_until(loop, [&] { return ended == kMoreThanThePool; }));

  EXPECT_FALSE(names.is_full());
}
}  // namespace
}  // namespace heddle
