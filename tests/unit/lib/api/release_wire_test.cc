#include "lib/api/release_wire.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
std::string line_of(auto message) {
  std::string line = encode(message);
  line.pop_back();
  return line;
}

TEST(ReleaseWire, DrainingIsIgnorable) {
  WatchDraining said{{*Address::from_ip("10.0.0.7", 0), *Address::parse("[::1]:15006")}, 25s};

  std::string line = line_of(SidecarMessage(said));

  EXPECT_EQ(line, R"({"draining":{"addresses":["10.0.0.7","[::1]:15006"],"within_ms":25000},"ignorable":true})");
  EXPECT_EQ(*decode_sidecar_message(line), SidecarMessage(said));
}

TEST(ReleaseWire, ReleaseComesBackAsItWas) {
  for (auto state :
       {ReleaseState::kWaiting, ReleaseState::kAcknowledged, ReleaseState::kDeadline, ReleaseState::kBusy}) {
    WatchRelease release{state, 3, 2, true};
    EXPECT_EQ(*decode_control_message(line_of(ControlMessage(release))), ControlMessage(release));
  }
}

TEST(ReleaseWire, DrainingIsStrict) {
  for (std::string_view body :
       {R"({"addresses":[],"within_ms":1})", R"({"addresses":["x"],"within_ms":1})",
        R"({"addresses":["unix:/a"],"within_ms":1})", R"({"addresses":["10.0.0.7"]})",
        R"({"addresses":["10.0.0.7"],"within_ms":600001})", R"({"addresses":["10.0.0.7"],"within_ms":1,"more":1})"}) {
    EXPECT_FALSE(decode_sidecar_message("{\"draining\":" + std::string(body) + "}")) << body;
  }
}

TEST(ReleaseWire, AddressesAreBounded) {
  WatchDraining said;
  said.addresses.assign(kMaxLeavingAddresses + 1, *Address::from_ip("10.0.0.7", 0));

  EXPECT_FALSE(decode_sidecar_message(line_of(SidecarMessage(said))));
}

TEST(ReleaseWire, AReleaseNeedsAKnownState) {
  EXPECT_FALSE(decode_control_message(R"({"release":{"sidecars":1,"missing":1,"listed":true}})"));
  EXPECT_FALSE(decode_control_message(R"({"release":{"state":"x","sidecars":1,"missing":1,"listed":true}})"));
}
}  // namespace
}  // namespace heddle
