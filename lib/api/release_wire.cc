#include "lib/api/release_wire.h"

#include "lib/api/message_body.h"

namespace heddle {
namespace {
using Body = MessageBody;
constexpr size_t kMaxAddress = 64;
constexpr IntRange kSidecars{0, 1'000'000'000};
constexpr EnumName<ReleaseState> kStates[] = {{"waiting", ReleaseState::kWaiting},
                                              {"acknowledged", ReleaseState::kAcknowledged},
                                              {"deadline", ReleaseState::kDeadline},
                                              {"busy", ReleaseState::kBusy}};

// "10.0.0.7", "::1", "10.0.0.7:8080", "[::1]:8080"
Result<Address> read_address(std::string_view text) {
  if (auto bare = Address::from_ip(text, 0)) return bare;
  HEDDLE_TRY(Address address, Address::parse(text));
  if (address.is_ip() && address.port() != 0) return address;
  return make_error(Reason::kBadRequest, "expected an IP address, with a port or without");
}
}  // namespace

std::string_view to_text(ReleaseState state) noexcept {
  for (const auto& row : kStates) {
    if (row.value == state) return row.name;
  }
  return "waiting";
}

void write_draining(JsonWriter& out, const WatchDraining& m) {
  out.begin_object().key("addresses").begin_array();
  for (const Address& address : m.addresses) out.string(address.port() == 0 ? address.ip() : address.text());
  out.end_array().field("within_ms", m.within / 1ms).end_object();
}

void write_release(JsonWriter& out, const WatchRelease& m) {
  out.begin_object().field("state", to_text(m.state)).field("sidecars", m.sidecars).field("missing", m.missing);
  out.field("listed", m.is_listed).end_object();
}

WatchDraining read_draining(const JsonReader& at) {
  Body body(at);
  WatchDraining m;
  for (const JsonReader& element : body->array("addresses", {1, kMaxLeavingAddresses})) {
    Result<Address> address = read_address(element.string({1, kMaxAddress}).value_or(""));
    if (address) {
      m.addresses.push_back(*address);
    } else {
      element.problem(address.error().detail);
    }
  }
  m.within = std::chrono::milliseconds(body->integer("within_ms", {0, kMaxLeavingWithin / 1ms}));
  return m;
}

WatchRelease read_release(const JsonReader& at) {
  Body body(at);
  WatchRelease m;
  if (!body->has("state")) body->problem("state", "is missing");
  m.state = body->optional_one_of("state", kStates).value_or(ReleaseState::kWaiting);
  m.sidecars = static_cast<uint64_t>(body->integer("sidecars", kSidecars));
  m.missing = static_cast<uint64_t>(body->integer("missing", kSidecars));
  m.is_listed = body->boolean("listed");
  return m;
}
}  // namespace heddle
