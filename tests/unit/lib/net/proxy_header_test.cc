// Headers of both versions: what is taken, what is refused and how it is called, at every split.
#include "lib/net/proxy_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/crc32c.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
using testing::HasSubstr;

constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::string_view kIpv4Block{"\xC0\x00\x02\x01\xC6\x33\x64\x02\xDB\xEC\x01\xBB", 12};
// 192.0.2.1:56300 to 198.51.100.2:443
constexpr std::string_view kIpv4Line = "PROXY TCP4 192.0.2.1 198.51.100.2 56300 443\r\n";
constexpr std::string_view kIpv6Line = "PROXY TCP6 2001:db8::1 2001:DB8::2 1 65535\r\n";

ProxyEnds ends(std::string_view source, std::string_view destination) {
  return {*Address::parse(source), *Address::parse(destination)};
}
const ProxyEnds kIpv4Ends = ends("192.0.2.1:56300", "198.51.100.2:443");

std::string u16(size_t value) { return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xFFU)}; }
std::string v2(int command, int protocol, std::string_view block) {
  return str_cat(kSignature, std::string(1, static_cast<char>(command)), std::string(1, static_cast<char>(protocol)),
                 u16(block.size()), block);
}
std::string tlv(int type, std::string_view value) {
  return str_cat(std::string(1, static_cast<char>(type)), u16(value.size()), value);
}
// The four zeros that end so many bytes before the header does become its checksum.
std::string with_crc(std::string header, size_t before_end = 0) {
  Crc32c crc;
  crc.add(as_bytes(header));
  std::string value = u16(crc.value() >> 16U) + u16(crc.value() & 0xFFFFU);
  return header.replace(header.size() - before_end - 4, 4, value);
}

enum class Verdict : uint8_t { kMore, kTaken, kRefused };
Verdict verdict_of(const Result<std::optional<ProxyHeader>>& read) {
  if (!read) return Verdict::kRefused;
  return *read ? Verdict::kTaken : Verdict::kMore;
}
Result<std::optional<ProxyHeader>> read(std::string_view bytes) { return read_proxy_header(as_bytes(bytes)); }

// Byte by byte: once there is a verdict, more bytes do not change it, and a header is taken at its last byte.
Result<std::optional<ProxyHeader>> read_split(const std::string& bytes) {
  Result<std::optional<ProxyHeader>> last = std::optional<ProxyHeader>();
  for (size_t n = 0; n <= bytes.size(); ++n) {
    auto now = read(std::string_view(bytes).substr(0, n));
    Verdict before = verdict_of(last);
    EXPECT_TRUE(before == Verdict::kMore || verdict_of(now) == before) << n;
    if (before == Verdict::kMore && verdict_of(now) == Verdict::kTaken) {
      EXPECT_EQ((*now)->length, n);
    }
    if (before == Verdict::kRefused) {
      EXPECT_EQ(now.error().detail, last.error().detail) << n;
    }
    last = std::move(now);
  }
  return last;
}

// The header in front of the application's bytes.
ProxyHeader taken(std::string_view header) {
  auto got = read_split(str_cat(header, "GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
  if (verdict_of(got) != Verdict::kTaken) {
    ADD_FAILURE() << (got ? "more is wanted" : got.error().text());
    return {};
  }
  EXPECT_EQ((*got)->length, header.size());
  return **got;
}
std::string refused(const std::string& bytes) {
  auto got = read_split(bytes);
  if (got) return *got ? "taken" : "more is wanted";
  EXPECT_EQ(got.error().reason, Reason::kProxyHeaderInvalid);
  return got.error().detail;
}

TEST(ProxyHeaderV1, TellsBothEnds) {
  EXPECT_EQ(taken(kIpv4Line).ends, kIpv4Ends);
  EXPECT_EQ(taken(kIpv6Line).ends, ends("[2001:db8::1]:1", "[2001:db8::2]:65535"));
  EXPECT_EQ(taken("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n").ends, ends("255.255.255.255:65535", "0.0.0.0:0"));
  EXPECT_EQ(taken("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n").ends, ends("[::ffff:192.0.2.1]:1", "[::1]:2"));
}

TEST(ProxyHeaderV1, OfTheUnknownNothingCounts) {
  EXPECT_EQ(taken("PROXY UNKNOWN\r\n").ends, std::nullopt);
  EXPECT_EQ(taken("PROXY UNKNOWN 192.0.2.1 192.0.2.2 1 2\r\n").ends, std::nullopt);
  EXPECT_EQ(taken("PROXY UNKNOWN anything, \t\x01 or nothing\r\n").ends, std::nullopt);
}

TEST(ProxyHeaderV1, HasAtMost107Bytes) {
  std::string longest = str_cat("PROXY UNKNOWN ", std::string(91, 'f'), "\r\n");
  ASSERT_EQ(longest.size(), kMaxProxyLine);

  EXPECT_EQ(taken(longest).ends, std::nullopt);
  EXPECT_THAT(refused(str_cat("PROXY UNKNOWN ", std::string(92, 'f'), "\r\n")), HasSubstr("no CRLF within 107 bytes"));
  EXPECT_THAT(refused("PROXY TCP4 " + std::string(200, ' ')), HasSubstr("no CRLF within 107 bytes"));
  EXPECT_EQ(refused(longest.substr(0, 105)), "more is wanted");
}

TEST(ProxyHeaderV1, EndsWithCarriageReturnAndLineFeed) {
  for (const char* end : {"\n", "\r\r\n", "\rx\r\n", "\n\r\n", "\rGET / HTTP/1.1\r\n"}) {
    EXPECT_THAT(refused(str_cat("PROXY TCP4 192.0.2.1 192.0.2.2 1 2", end)), HasSubstr("does not end with CR and LF"));
    EXPECT_THAT(refused(str_cat("PROXY UNKNOWN", end)), HasSubstr("does not end with CR and LF"));
  }
}

TEST(ProxyHeaderV1, KnowsThreeProtocols) {
  for (const char* protocol : {"TCP5", "tcp4", "UDP4", "TCP", "TCP44", "UNKNOWNX", "unknown", "", "UNIX"}) {
    EXPECT_THAT(refused(str_cat("PROXY ", protocol, " 192.0.2.1 192.0.2.2 1 2\r\n")), HasSubstr("the protocol is not"))
        << protocol;
  }
  EXPECT_THAT(refused("PROXY \r\n"), HasSubstr("the protocol is not"));
}

TEST(ProxyHeaderV1, HasFiveFieldsWithSingleSpaces) {
  for (const char* fields : {"", " 192.0.2.1", " 192.0.2.1 192.0.2.2 1", " 192.0.2.1 192.0.2.2 1 2 ",
                             " 192.0.2.1 192.0.2.2 1 2 3", "  192.0.2.1 192.0.2.2 1 2", " 192.0.2.1  192.0.2.2 1 2"}) {
    EXPECT_THAT(refused(str_cat("PROXY TCP4", fields, "\r\n")), HasSubstr("two addresses and two ports")) << fields;
  }
  EXPECT_NE(refused("PROXY TCP4\t192.0.2.1 192.0.2.2 1 2\r\n"), "taken");
}

TEST(ProxyHeaderV1, AddressesAreOfTheFamilyInTheirCanonicalForm) {
  for (const char* ip : {"192.0.2", "192.0.2.256", "192.0.2.01", "0192.0.2.1", "1.2.3.4.5", "::1", "localhost",
                         "+1.2.3.4", "0x7f.0.0.1", "2130706433", "192.0.2.1:80"}) {
    EXPECT_THAT(refused(str_cat("PROXY TCP4 ", ip, " 192.0.2.2 1 2\r\n")), HasSubstr("the source address is not IPv4"));
    EXPECT_THAT(refused(str_cat("PROXY TCP4 192.0.2.2 ", ip, " 1 2\r\n")),
                HasSubstr("the destination address is not IPv4"));
  }
  for (const char* ip : {"192.0.2.1", "1::2::3", "12345::", "::1%lo", "[::1]", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"}) {
    EXPECT_THAT(refused(str_cat("PROXY TCP6 ", ip, " ::1 1 2\r\n")), HasSubstr("the source address is not IPv6")) << ip;
  }
  EXPECT_THAT(refused(str_cat("PROXY TCP4 192.0.2.1", std::string(1, '\0'), " 192.0.2.2 1 2\r\n")),
              HasSubstr("the source address is not IPv4"));
}

TEST(ProxyHeaderV1, PortsAreNumbersWithoutLeadingZeros) {
  for (const char* port : {"65536", "00", "01", "+1", "-1", "0x1", "1.", "999999999999999999999", "a"}) {
    EXPECT_THAT(refused(str_cat("PROXY TCP4 192.0.2.1 192.0.2.2 ", port, " 2\r\n")),
                HasSubstr("the source port is not"))
        << port;
    EXPECT_THAT(refused(str_cat("PROXY TCP4 192.0.2.1 192.0.2.2 1 ", port, "\r\n")),
                HasSubstr("the destination port is not"));
  }
}

TEST(ProxyHeader, IsThereOrTheConnectionIsRefusedAtItsFirstWrongByte) {
  for (const std::string& start :
       {std::string("GET / HTTP/1.1\r\n"), std::string("\x16\x03\x01"), std::string("\0", 1), std::string("PROXX"),
        std::string("PROXY\t"), std::string("proxy "), std::string("PRI * HTTP/2.0\r\n"), std::string("\r\n\r\nPROXY "),
        std::string("\r\n\r\n\0\r\nQUIT\r\n", 13), std::string(" PROXY ")}) {
    EXPECT_THAT(refused(start), HasSubstr("neither `PROXY` nor the signature of version 2")) << in_quotes(start);
  }
  EXPECT_EQ(verdict_of(read("")), Verdict::kMore);
}

TEST(ProxyHeaderV2, TellsBothEnds) {
  std::string ipv6 = "\x20\x01\x0d\xb8" + std::string(11, '\0') + "\x01" + "\x20\x01\x0d\xb8" + std::string(11, '\0') +
                     "\x02" + u16(1) + u16(65535);

  EXPECT_EQ(taken(v2(0x21, 0x11, kIpv4Block)).ends, kIpv4Ends);
  EXPECT_EQ(taken(v2(0x21, 0x21, ipv6)).ends, ends("[2001:db8::1]:1", "[2001:db8::2]:65535"));
}

TEST(ProxyHeaderV2, OfLocalAndUnspecNothingCountsButTheLength) {
  for (int protocol : {0x00, 0x11, 0x21, 0x31, 0x77, 0xff}) {
    EXPECT_EQ(taken(v2(0x20, protocol, "")).ends, std::nullopt);
    EXPECT_EQ(taken(v2(0x20, protocol, kIpv4Block)).ends, std::nullopt);
    EXPECT_EQ(taken(v2(0x20, protocol, std::string(kMaxProxyBlock, '\xff'))).ends, std::nullopt);
  }
  EXPECT_EQ(taken(v2(0x21, 0x00, "")).ends, std::nullopt);
  EXPECT_EQ(taken(v2(0x21, 0x00, "no TLVs")).ends, std::nullopt);
}

// Section 2.2: who does not implement them falls back to UNSPEC.
TEST(ProxyHeaderV2, OfDatagramsAndUnixSocketsTheRealEndsCount) {
  EXPECT_EQ(taken(v2(0x21, 0x12, kIpv4Block)).ends, std::nullopt);
  EXPECT_EQ(taken(v2(0x21, 0x22, std::string(36, '\x01'))).ends, std::nullopt);
  EXPECT_EQ(taken(v2(0x21, 0x31, std::string(216, 'a'))).ends, std::nullopt);
  EXPECT_EQ(taken(v2(0x21, 0x32, std::string(216, 'a'))).ends, std::nullopt);
}

TEST(ProxyHeaderV2, SkipsTlvs) {
  std::string tlvs = tlv(0x01, "h2") + tlv(0x04, "") + tlv(0x05, std::string(128, 'u')) + tlv(0xea, "vpce-1");

  EXPECT_EQ(taken(v2(0x21, 0x11, str_cat(kIpv4Block, tlvs))).ends, kIpv4Ends);
  EXPECT_EQ(taken(v2(0x21, 0x31, std::string(216, 'a') + tlvs)).ends, std::nullopt);
}

TEST(ProxyHeaderV2, ATlvEndsWithTheHeader) {
  for (const std::string& rest : {std::string("\x04"), std::string("\x04\x00", 2), std::string("\x04\x00\x01", 3),
                                  tlv(0x04, "x") + "\x04", std::string("\x04\xff\xff", 3)}) {
    EXPECT_THAT(refused(v2(0x21, 0x11, str_cat(kIpv4Block, rest))), HasSubstr("a TLV is cut off")) << in_quotes(rest);
  }
}

TEST(ProxyHeaderV2, ChecksTheChecksumWhereItStands) {
  const std::string zeros(4, '\0');
  std::string good = with_crc(v2(0x21, 0x11, str_cat(kIpv4Block, tlv(0x01, "h2"), tlv(0x03, zeros))));
  std::string flipped = good;
  flipped[16] = static_cast<char>(flipped[16] ^ 1);

  EXPECT_EQ(taken(good).ends, kIpv4Ends);
  EXPECT_THAT(refused(flipped), HasSubstr("the CRC32C is wrong"));
  EXPECT_THAT(refused(v2(0x21, 0x11, str_cat(kIpv4Block, tlv(0x03, "abc")))), HasSubstr("a CRC32C has 4 bytes"));
  std::string twice = v2(0x21, 0x11, str_cat(kIpv4Block, tlv(0x03, zeros), tlv(0x03, zeros)));
  EXPECT_THAT(refused(with_crc(twice, tlv(0x03, zeros).size())), HasSubstr("two CRC32C"));
}

TEST(ProxyHeaderV2, KnowsItsVersionCommandsAndProtocols) {
  for (int command : {0x01, 0x11, 0x31, 0xf1, 0x00}) {
    EXPECT_THAT(refused(v2(command, 0x11, kIpv4Block)), HasSubstr("the version is not 2"));
  }
  for (int command : {0x22, 0x2f}) {
    EXPECT_THAT(refused(v2(command, 0x11, kIpv4Block)), HasSubstr("neither LOCAL nor PROXY"));
  }
  for (int protocol : {0x01, 0x02, 0x10, 0x13, 0x20, 0x23, 0x30, 0x33, 0x41, 0xf1, 0xff}) {
    EXPECT_THAT(refused(v2(0x21, protocol, std::string(216, 'a'))), HasSubstr("no pair of version 2"));
  }
}

TEST(ProxyHeaderV2, TheLengthFitsTheAddresses) {
  auto with_length = [](int protocol, size_t length) {
    return str_cat(kSignature, "\x21", std::string(1, static_cast<char>(protocol)), u16(length),
                   std::string(length, 'a'));
  };
  for (auto [protocol, least] : {std::pair<int, size_t>{0x11, 12}, {0x12, 12}, {0x21, 36}, {0x22, 36}, {0x31, 216}}) {
    EXPECT_THAT(refused(with_length(protocol, least - 1)), HasSubstr("too short for the addresses"));
    EXPECT_EQ(taken(with_length(protocol, least)).length, 16 + least);
  }
}

TEST(ProxyHeaderV2, HasAtMost536BytesBehindItsFirst16) {
  std::string most = str_cat(kIpv4Block, tlv(0x04, std::string(kMaxProxyBlock - 12 - 3, 'n')));
  ASSERT_EQ(most.size(), 536U);

  EXPECT_EQ(taken(v2(0x21, 0x11, most)).ends, kIpv4Ends);
  std::string more = v2(0x21, 0x11, most + "n");
  EXPECT_EQ(verdict_of(read(std::string_view(more).substr(0, 15))), Verdict::kMore);
  EXPECT_EQ(verdict_of(read(std::string_view(more).substr(0, 16))), Verdict::kRefused) << "before a byte of it came";
  EXPECT_THAT(refused(more), HasSubstr("longer than 536 bytes"));
}

TEST(ProxyHeaderWriter, WritesWhatTheReaderReads) {
  for (const ProxyEnds& both :
       {kIpv4Ends, ends("[2001:db8::1]:1", "[2001:db8::2]:65535"), ends("[::ffff:192.0.2.1]:80", "[::]:0")}) {
    for (ProxyVersion version : {ProxyVersion::kV1, ProxyVersion::kV2}) {
      EXPECT_EQ(taken(write_proxy_header(version, both)).ends, both);
    }
  }
  EXPECT_EQ(write_proxy_header(ProxyVersion::kV1, kIpv4Ends), kIpv4Line);
  EXPECT_EQ(write_proxy_header(ProxyVersion::kV2, kIpv4Ends), v2(0x21, 0x11, kIpv4Block));
}

TEST(ProxyHeaderWriter, SaysUnknownOfWhatIsNotTwoAddressesOfAFamily) {
  for (const ProxyEnds& both : {ProxyEnds{}, ends("192.0.2.1:1", "[::1]:2"), ends("unix:/run/a", "unix:/run/b")}) {
    EXPECT_EQ(write_proxy_header(ProxyVersion::kV1, both), "PROXY UNKNOWN\r\n");
    EXPECT_EQ(write_proxy_header(ProxyVersion::kV2, both), v2(0x21, 0x00, ""));
  }
}
}  // namespace
}  // namespace heddle
