// IpBlock: the addresses of one prefix, as 10.0.0.0/8 or fd00::/8. Pure value.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/address.h"
#include "lib/base/result.h"

namespace heddle {
enum class IpVersion : uint8_t { kV4, kV6 };

class IpBlock {
 public:
  // An address alone is the block of that address. Bits beyond the prefix are refused: somebody meant something else.
  static Result<IpBlock> parse(std::string_view text);
  IpVersion version() const noexcept { return version_; }
  bool holds(const IpBlock&) const noexcept;
  bool holds(const Address&) const noexcept;
  std::string text() const;  // always with its length
  bool operator==(const IpBlock&) const = default;

 private:
  void clear_host_bits() noexcept;
  IpVersion version_ = IpVersion::kV4;
  uint8_t length_ = 0;
  std::array<uint8_t, 16> bits_{};
};
using IpBlocks = std::vector<IpBlock>;

// A comma separated list; `what` for the message. What another block of the list holds is left out, because nftables
// refuses sets whose members overlap.
Result<IpBlocks> parse_ip_blocks(std::string_view what, std::string_view text);
IpBlocks of_version(const IpBlocks&, IpVersion);
}  // namespace heddle
