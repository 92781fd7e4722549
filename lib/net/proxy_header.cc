#include "lib/net/proxy_header.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "lib/base/crc32c.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kLineStart = "PROXY ";
constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr size_t kFixed = 16;  // signature, version and command, family and protocol, length
constexpr size_t kTlvHead = 3;
constexpr uint8_t kCrcType = 0x03;
constexpr size_t kCrcLength = 4;
constexpr uint8_t kLocal = 0x20;  // version 2 in the upper half, the command in the lower one
constexpr uint8_t kProxy = 0x21;

using Read = Result<std::optional<ProxyHeader>>;

Error bad(std::string_view why) {
  return make_error(Reason::kProxyHeaderInvalid, str_cat("PROXY header: ", why), Origin::kDownstream);
}
Read need_more() { return std::optional<ProxyHeader>(); }

uint8_t byte_at(Bytes bytes, size_t at) { return std::to_integer<uint8_t>(bytes[at]); }
size_t u16_at(Bytes bytes, size_t at) { return static_cast<size_t>(byte_at(bytes, at) << 8U) | byte_at(bytes, at + 1); }

bool agree(std::string_view text, std::string_view start) {
  size_t common = std::min(text.size(), start.size());
  return text.substr(0, common) == start.substr(0, common);
}

// --- version 1

Result<uint16_t> read_port(std::string_view text, std::string_view whose) {
  bool leads_with_zero = text.size() > 1 && text.front() == '0';
  auto port = parse_int<uint16_t>(text);
  if (!port || leads_with_zero) return bad(str_cat("the ", whose, " port is not a number from 0 to 65535"));
  return *port;
}

Result<Address> read_ip(std::string_view text, Address::Family family, uint16_t port, std::string_view whose) {
  auto address = Address::from_ip(text, port);
  if (address && address->family() == family) return address;
  return bad(str_cat("the ", whose, " address is not ", family == Address::Family::kIpv4 ? "IPv4" : "IPv6"));
}

// "TCP4 192.0.2.1 192.0.2.2 56324 443": exactly one space between two fields.
Result<ProxyEnds> read_ends(std::string_view line) {
  std::vector<std::string_view> fields = split(line, ' ');
  if (fields[0] != "TCP4" && fields[0] != "TCP6") return bad("the protocol is not TCP4, TCP6 or UNKNOWN");
  if (fields.size() != 5) return bad("expected two addresses and two ports, with single spaces");
  auto family = fields[0] == "TCP4" ? Address::Family::kIpv4 : Address::Family::kIpv6;
  HEDDLE_TRY(uint16_t source_port, read_port(fields[3], "source"));
  HEDDLE_TRY(uint16_t destination_port, read_port(fields[4], "destination"));
  ProxyEnds ends;
  HEDDLE_TRY(ends.source, read_ip(fields[1], family, source_port, "source"));
  HEDDLE_TRY(ends.destination, read_ip(fields[2], family, destination_port, "destination"));
  return ends;
}

Read read_line(std::string_view text) {
  std::string_view line = text.substr(0, std::min(text.size(), kMaxProxyLine));
  size_t end = line.find_first_of("\r\n");
  bool is_whole = end != line.npos && line.substr(end).starts_with("\r\n");
  bool may_become_whole = end == line.npos || line.substr(end) == "\r";
  if (!is_whole && !may_become_whole) return bad("the line does not end with CR and LF");
  if (!is_whole && line.size() == kMaxProxyLine) return bad("no CRLF within 107 bytes");
  if (!is_whole) return need_more();
  ProxyHeader header;
  header.length = end + 2;
  line = line.substr(kLineStart.size(), end - kLineStart.size());
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return std::optional(header);
  HEDDLE_TRY(header.ends, read_ends(line));
  return std::optional(header);
}

// --- version 2

// One of the pairs of family and protocol that section 2.2 lists.
struct Proxied {
  uint8_t code;
  size_t addresses;        // bytes
  Address::Family family;  // kNone: the real ends count
};
constexpr std::array<Proxied, 7> kProxied = {{{0x00, 0, Address::Family::kNone},
                                              {0x11, 12, Address::Family::kIpv4},
                                              {0x12, 12, Address::Family::kNone},
                                              {0x21, 36, Address::Family::kIpv6},
                                              {0x22, 36, Address::Family::kNone},
                                              {0x31, 216, Address::Family::kNone},
                                              {0x32, 216, Address::Family::kNone}}};

const Proxied* proxied(uint8_t code) {
  const auto* found = std::find_if(kProxied.begin(), kProxied.end(), [&](const Proxied& p) { return p.code == code; });
  return found != kProxied.end() ? found : nullptr;
}

Address address_of(Bytes ip, size_t port) {
  sockaddr_storage room{};
  auto swapped = htons(static_cast<uint16_t>(port));
  if (ip.size() == 4) {
    auto& in = reinterpret_cast<sockaddr_in&>(room);
    in.sin_family = AF_INET;
    in.sin_port = swapped;
    std::copy(ip.begin(), ip.end(), reinterpret_cast<std::byte*>(&in.sin_addr));
  } else {
    auto& in = reinterpret_cast<sockaddr_in6&>(room);
    in.sin6_family = AF_INET6;
    in.sin6_port = swapped;
    std::copy(ip.begin(), ip.end(), reinterpret_cast<std::byte*>(&in.sin6_addr));
  }
  return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&room));
}

// Source and destination address, then source and destination port.
ProxyEnds ends_of(Bytes block, Address::Family family) {
  size_t ip = family == Address::Family::kIpv4 ? 4 : 16;
  return {address_of(block.subspan(0, ip), u16_at(block, 2 * ip)),
          address_of(block.subspan(ip, ip), u16_at(block, 2 * ip + 2))};
}

// Section 2.2.3: over the whole header, its own four bytes counted as zeros.
Result<void> check_crc(Bytes header, size_t at) {
  static constexpr std::array<std::byte, kCrcLength> kZeros{};
  Crc32c crc;
  crc.add(header.first(at));
  crc.add(kZeros);
  crc.add(header.subspan(at + kCrcLength));
  size_t told = u16_at(header, at) << 16U | u16_at(header, at + 2);
  if (crc.value() != told) return bad("the CRC32C is wrong");
  return {};
}

Result<void> check_tlvs(Bytes header, size_t at) {
  bool has_crc = false;
  while (at < header.size()) {
    size_t room = header.size() - at;
    if (room < kTlvHead || u16_at(header, at + 1) > room - kTlvHead) return bad("a TLV is cut off by the length");
    size_t length = u16_at(header, at + 1);
    if (byte_at(header, at) == kCrcType) {
      if (length != kCrcLength) return bad("a CRC32C has 4 bytes");
      if (std::exchange(has_crc, true)) return bad("two CRC32C");
      HEDDLE_CHECK_OK(check_crc(header, at + kTlvHead));
    }
    at += kTlvHead + length;
  }
  return {};
}

Result<void> check_fixed(Bytes seen) {
  if (seen.size() > 12 && byte_at(seen, 12) >> 4U != 2) return bad("the version is not 2");
  if (seen.size() > 12 && byte_at(seen, 12) > kProxy) return bad("the command is neither LOCAL nor PROXY");
  bool is_proxied = seen.size() > 13 && byte_at(seen, 12) == kProxy;
  const Proxied* what = is_proxied ? proxied(byte_at(seen, 13)) : nullptr;
  if (is_proxied && what == nullptr) return bad("the address family and protocol are no pair of version 2");
  if (seen.size() < kFixed) return {};
  if (u16_at(seen, 14) > kMaxProxyBlock) return bad("longer than 536 bytes behind the first 16");
  if (what != nullptr && u16_at(seen, 14) < what->addresses) return bad("the length is too short for the addresses");
  return {};
}

Read read_binary(Bytes seen) {
  HEDDLE_CHECK_OK(check_fixed(seen));
  if (seen.size() < kFixed || seen.size() < kFixed + u16_at(seen, 14)) return need_more();
  ProxyHeader header;
  header.length = kFixed + u16_at(seen, 14);
  const Proxied* what = byte_at(seen, 12) == kLocal ? nullptr : proxied(byte_at(seen, 13));
  // Of LOCAL and UNSPEC nothing is known but how much to skip.
  if (what == nullptr || what->addresses == 0) return std::optional(header);
  HEDDLE_CHECK_OK(check_tlvs(seen.first(header.length), kFixed + what->addresses));
  if (what->family != Address::Family::kNone) header.ends = ends_of(seen.subspan(kFixed), what->family);
  return std::optional(header);
}

// --- writing

bool are_known(const ProxyEnds& ends) {
  return ends.source.is_ip() && ends.source.family() == ends.destination.family();
}

std::string write_line(const ProxyEnds& ends) {
  if (!are_known(ends)) return "PROXY UNKNOWN\r\n";
  std::string_view protocol = ends.source.family() == Address::Family::kIpv4 ? "TCP4 " : "TCP6 ";
  return str_cat(kLineStart, protocol, ends.source.ip(), " ", ends.destination.ip(), " ",
                 std::to_string(ends.source.port()), " ", std::to_string(ends.destination.port()), "\r\n");
}

void append_u16(std::string& out, size_t value) {
  out.push_back(static_cast<char>(value >> 8U));
  out.push_back(static_cast<char>(value & 0xFFU));
}

void append_ip(std::string& out, const Address& address) {
  sockaddr_storage room{};
  (void)address.to_sockaddr(room);
  if (address.family() == Address::Family::kIpv4) {
    out.append(reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in&>(room).sin_addr), 4);
  } else {
    out.append(reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in6&>(room).sin6_addr), 16);
  }
}

std::string write_binary(const ProxyEnds& ends) {
  std::string out(kSignature);
  out.push_back(static_cast<char>(kProxy));
  const bool is_ipv4 = ends.source.family() == Address::Family::kIpv4;
  const Proxied& what = *proxied(!are_known(ends) ? 0x00 : is_ipv4 ? 0x11 : 0x21);
  out.push_back(static_cast<char>(what.code));
  append_u16(out, what.addresses);
  if (what.addresses == 0) return out;
  append_ip(out, ends.source);
  append_ip(out, ends.destination);
  append_u16(out, ends.source.port());
  append_u16(out, ends.destination.port());
  return out;
}
}  // namespace

Result<std::optional<ProxyHeader>> read_proxy_header(Bytes prefix) {
  Bytes seen = prefix.first(std::min(prefix.size(), kMaxProxyHeader));
  std::string_view text = as_text(seen);
  bool may_be_line = agree(text, kLineStart);
  bool may_be_binary = agree(text, kSignature);
  if (!may_be_line && !may_be_binary) return bad("there is none: neither `PROXY` nor the signature of version 2");
  if (may_be_line && text.size() >= kLineStart.size()) return read_line(text);
  if (may_be_binary && text.size() >= kSignature.size()) return read_binary(seen);
  return need_more();
}

std::string write_proxy_header(ProxyVersion version, const ProxyEnds& ends) {
  return version == ProxyVersion::kV1 ? write_line(ends) : write_binary(ends);
}
}  // namespace heddle
