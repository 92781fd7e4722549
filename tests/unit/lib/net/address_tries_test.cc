#include "lib/net/address_tries.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr MonoTime kNow(100s);

std::vector<Address> some(std::initializer_list<uint16_t> ports) {
  std::vector<Address> out;
  for (uint16_t port : ports) out.push_back(Address::loopback(port));
  return out;
}

std::vector<uint16_t> order(AddressTries tries) {
  std::vector<uint16_t> out;
  while (!tries.is_over()) out.push_back(tries.next(kNow).address.port());
  return out;
}

TEST(AddressTries, EachConnectBeginsWithTheNext) {
  EXPECT_EQ(order({some({1, 2, 3}), 0, kNow}), (std::vector<uint16_t>{1, 2, 3}));
  EXPECT_EQ(order({some({1, 2, 3}), 1, kNow}), (std::vector<uint16_t>{2, 3, 1}));
  EXPECT_EQ(order({some({1, 2, 3}), 2, kNow}), (std::vector<uint16_t>{3, 1, 2}));
  EXPECT_EQ(order({some({1, 2, 3}), 3, kNow}), (std::vector<uint16_t>{1, 2, 3}));
}

TEST(AddressTries, ANameMayHaveFewerThanAtTheLastConnect) {
  EXPECT_EQ(order({some({1}), 7, kNow}), (std::vector<uint16_t>{1}));
}

TEST(AddressTries, TheTimeThatIsLeftIsSharedByThoseThatAreLeft) {
  AddressTries tries(some({1, 2, 3}), 0, kNow + 9s);
  EXPECT_EQ(tries.next(kNow).share, 3s);
  EXPECT_EQ(tries.next(kNow + 1s).share, 4s) << "the first failed early";
  EXPECT_EQ(tries.next(kNow + 5s).share, 4s) << "the last has all of it";
  EXPECT_TRUE(tries.is_over());
}

TEST(AddressTries, WhoHasNoTimeLeftIsNotGivenANegativeOne) {
  AddressTries tries(some({1, 2}), 0, kNow);
  EXPECT_GT(tries.next(kNow).share, Duration{});
  EXPECT_GT(tries.next(kNow + 1h).share, Duration{});
}
}  // namespace
}  // namespace heddle
