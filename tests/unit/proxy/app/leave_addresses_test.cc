#include "proxy/app/leave_addresses.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
ListenerSettings listener(ListenerSettings::Direction direction, std::string_view address, bool intercept = false) {
  ListenerSettings out;
  out.direction = direction;
  out.address = *Address::parse(address);
  out.intercept = intercept;
  return out;
}
constexpr auto kIn = ListenerSettings::Direction::kInbound;
constexpr auto kOut = ListenerSettings::Direction::kOutbound;

std::vector<std::string> texts(const Settings& settings, std::vector<Address> own) {
  std::vector<Address> at;
  for (const ListenerSettings& one : settings.listeners) at.push_back(one.address);
  std::vector<std::string> out;
  for (const Address& address : leave_addresses({settings, at, std::move(own)})) out.push_back(address.text());
  return out;
}

TEST(LeaveAddresses, OfAnExplicitListenerItsAddress) {
  Settings settings;
  settings.listeners = {listener(kOut, "127.0.0.1:15001"), listener(kIn, "[::1]:15006"), listener(kIn, "[::1]:15006")};

  EXPECT_EQ(texts(settings, parse_ips("10.0.0.7")), std::vector<std::string>{"[::1]:15006"});
}

TEST(LeaveAddresses, OfOneAtEveryAddressThoseOfTheMachine) {
  Settings settings;
  settings.listeners = {listener(kIn, "0.0.0.0:15006")};

  EXPECT_EQ(texts(settings, parse_ips("10.0.0.7,fd00::7")),
            (std::vector<std::string>{"10.0.0.7:15006", "[fd00::7]:15006"}));
}

TEST(LeaveAddresses, OfAnInterceptingOneEveryPortOfThePod) {
  Settings settings;
  settings.listeners = {listener(kIn, "0.0.0.0:15006", true), listener(kOut, "0.0.0.0:15001", true)};

  EXPECT_EQ(texts(settings, parse_ips("10.0.0.7,nonsense,,fd00::7")),
            (std::vector<std::string>{"10.0.0.7:0", "[fd00::7]:0"}));
}

TEST(LeaveAddresses, AreBounded) {
  Settings settings;
  for (int port = 1; port <= 100; ++port) {
    settings.listeners.push_back(listener(kIn, "127.0.0.1:" + std::to_string(port)));
  }

  EXPECT_EQ(texts(settings, {}).size(), kMaxLeavingAddresses);
}

TEST(LeaveAddresses, AMachineHasSome) { EXPECT_FALSE(interface_addresses().empty()); }
}  // namespace
}  // namespace heddle
