#include "k8s/init/ip_block.h"

#include <arpa/inet.h>

#include <algorithm>

#include "k8s/init/number_ranges.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Error bad(std::string_view text, std::string_view expected) {
  return make_error(Reason::kConfigInvalid, str_cat(in_quotes(text), ": expected ", expected));
}
}  // namespace

Result<IpBlock> IpBlock::parse(std::string_view text) {
  size_t slash = text.find('/');
  std::string ip(text.substr(0, slash));
  IpBlock out;
  if (inet_pton(AF_INET6, ip.c_str(), out.bits_.data()) == 1)
    out.version_ = IpVersion::kV6;
  else if (inet_pton(AF_INET, ip.c_str(), out.bits_.data()) != 1)
    return bad(text, "addresses as 10.0.0.0/8 or fd00::/8");
  uint8_t most = out.version_ == IpVersion::kV6 ? 128 : 32;
  auto length = slash == std::string_view::npos ? most : parse_int<uint8_t>(text.substr(slash + 1));
  if (!length || *length > most) return bad(text, str_cat("a prefix length from 0 to ", std::to_string(most)));
  out.length_ = *length;
  IpBlock cleared = out;
  cleared.clear_host_bits();
  if (!(cleared == out)) return bad(text, str_cat("no bits beyond the prefix, as ", cleared.text()));
  return out;
}

void IpBlock::clear_host_bits() noexcept {
  for (size_t bit = length_; bit < 8 * bits_.size(); ++bit)
    bits_[bit / 8] = static_cast<uint8_t>(bits_[bit / 8] & ~(0x80U >> (bit % 8)));
}

bool IpBlock::holds(const IpBlock& other) const noexcept {
  if (version_ != other.version_ || length_ > other.length_) return false;
  IpBlock cut = other;
  cut.length_ = length_;
  cut.clear_host_bits();
  return cut == *this;
}

bool IpBlock::holds(const Address& address) const noexcept {
  Address::IpText room;
  auto block = address.is_ip() ? parse(address.ip(room)) : Result<IpBlock>(Error{});
  return block && holds(*block);
}

std::string IpBlock::text() const {
  char room[INET6_ADDRSTRLEN] = {};
  inet_ntop(version_ == IpVersion::kV6 ? AF_INET6 : AF_INET, bits_.data(), room, sizeof(room));
  return str_cat(room, "/", std::to_string(length_));
}

Result<IpBlocks> parse_ip_blocks(std::string_view what, std::string_view text) {
  IpBlocks all;
  if (trim(text).empty()) return all;
  for (std::string_view part : split(text, ',')) {
    auto block = IpBlock::parse(trim(part));
    if (!block) return std::move(block).error().within(what);
    all.push_back(*block);
  }
  if (all.size() > kMaxInitEntries)
    return make_error(Reason::kConfigInvalid, str_cat(what, ": ", std::to_string(all.size()),
                                                      " entries: expected at most ", std::to_string(kMaxInitEntries)));
  IpBlocks out;
  for (const IpBlock& block : all) {
    std::erase_if(out, [&](const IpBlock& kept) { return block.holds(kept); });
    bool held = std::any_of(out.begin(), out.end(), [&](const IpBlock& kept) { return kept.holds(block); });
    if (!held) out.push_back(block);
  }
  return out;
}

IpBlocks of_version(const IpBlocks& blocks, IpVersion version) {
  IpBlocks out;
  std::copy_if(blocks.begin(), blocks.end(), std::back_inserter(out),
               [version](const IpBlock& block) { return block.version() == version; });
  return out;
}
}  // namespace heddle
