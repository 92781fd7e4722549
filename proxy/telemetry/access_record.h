// AccessRecord: everything the access log says about one request or tunnel, as one plain value of at most 512 bytes:
// the Exchange fills it, the ring copies it, the writer thread formats it. No pointers, no heap; texts are cut to size
// and say so. It holds no query string, no header value and no body.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "lib/base/address.h"
#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/flags.h"
#include "lib/config/traffic_policy.h"

namespace heddle {

// Text of at most N bytes inside a record.
template <size_t N>
class InlineText {
  static_assert(N < 255);

 public:
  void assign(std::string_view text) noexcept {
    size_ = static_cast<uint8_t>(text.size() < N ? text.size() : N);
    is_cut_ = text.size() > N ? 1 : 0;
    if (size_ > 0) std::memcpy(bytes_.data(), text.data(), size_);  // text of nothing is null
  }
  std::string_view view() const noexcept { return {bytes_.data(), size_}; }
  bool is_cut() const noexcept { return is_cut_ != 0; }

 private:
  uint8_t size_ = 0;
  uint8_t is_cut_ = 0;
  std::array<char, N> bytes_{};
};

// An IP address and port; Unix sockets have no room and stay unset.
class InlineAddress {
 public:
  void assign(const Address& address) noexcept;
  Address address() const;
  bool is_set() const noexcept { return family_ != Address::Family::kNone; }

 private:
  Address::Family family_ = Address::Family::kNone;
  uint16_t port_ = 0;
  std::array<uint8_t, 16> ip_{};
};

enum class Direction : uint8_t { kInbound, kOutbound };
std::string_view to_text(Direction) noexcept;
enum class AccessProtocol : uint8_t { kNone, kTcp, kHttp10, kHttp11, kHttp2 };
std::string_view to_text(AccessProtocol) noexcept;  // "HTTP/1.1", "TCP"; ""
enum class AccessFlag : uint8_t {
  kDownstreamTls,
  kUpstreamTls,
  kUpgraded,
  kUpstreamReused,
  kAuthzDenied,
  kAuthzAudited,
  kAuthzForeign,  // denied because no rule names the caller's trust domain
  kDelayed,       // by a fault of the route
  kRateLimited
};

struct AccessRecord {
  static constexpr uint8_t kNoAuthzRule = 255;  // no rule: a default, or no allow rule matched
  WallTime start;
  Duration duration{};          // until the last byte
  Duration upstream_time{};     // from the request sent to the answer's head; 0: none
  uint64_t bytes_received = 0;  // body bytes from downstream
  uint64_t bytes_sent = 0;      // body bytes to downstream
  uint64_t config_version = 0;
  uint32_t worker = 0;
  uint16_t status = 0;            // sent downstream; 0: none
  uint16_t upstream_status = 0;   // 0: none
  Reason reason = Reason::kNone;  // kNone: the upstream's own answer
  Origin origin = Origin::kSelf;  // of the reason
  Direction direction = Direction::kOutbound;
  AccessProtocol protocol = AccessProtocol::kHttp11;         // downstream
  AccessProtocol upstream_protocol = AccessProtocol::kNone;  // when there was a connection
  uint8_t tries = 0;
  uint8_t authz_rule = kNoAuthzRule;             // of the policy in `route`
  TrafficLimit limit = TrafficLimit::kRequests;  // of the backend set, by which it was refused
  uint32_t limit_value = 0;                      // 0: by none
  Flags<AccessFlag> flags;
  InlineAddress downstream;
  InlineAddress upstream;
  InlineText<14> method;
  InlineText<54> authority;
  InlineText<94> path;  // without query
  InlineText<36> request_id;
  InlineText<38> service;
  // With one of the kAuthz flags, which only inbound records have, the policy that acted; with kRateLimited the policy
  // and its limit: "shop/cart/per-caller".
  InlineText<38> route;
  InlineText<38> backend_set;
  InlineText<54> peer;  // path of the downstream's SPIFFE id: "ns/shop/sa/web"; of a foreign one the whole id

  // Cuts the query off, and a fragment, for which a target is refused.
  void set_path(std::string_view target) noexcept { path.assign(target.substr(0, target.find_first_of("?#"))); }
};
static_assert(sizeof(AccessRecord) <= 512);
static_assert(std::is_trivially_copyable_v<AccessRecord>);
}  // namespace heddle
