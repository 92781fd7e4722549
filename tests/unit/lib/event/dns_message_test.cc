#include "lib/event/dns_message.h"

#include <ares.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
using Found = DnsAnswer::Kind;

std::string number(size_t value, size_t bytes) {
  std::string out;
  for (size_t i = bytes; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return out;
}
std::string name(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::string_view label = text.substr(0, text.find('.'));
    out += number(label.size(), 1) + std::string(label);
    text.remove_prefix(std::min(label.size() + 1, text.size()));
  }
  return out + '\0';
}
std::string record(std::string_view owner, size_t type, size_t ttl, const std::string& data) {
  return str_cat(name(owner), number(type, 2), number(1, 2), number(ttl, 4), number(data.size(), 2), data);
}
std::string a(std::string_view owner, size_t ttl, uint8_t last) {
  return record(owner, 1, ttl, str_cat("\x0a", number(0, 2), number(last, 1)));
}
std::string soa(size_t ttl, size_t minimum) {
  return record("test", 6, ttl, str_cat(name("ns.test"), name("x.test"), std::string(16, '\0'), number(minimum, 4)));
}

// An answer to one question about "a.test".
struct Message {
  size_t type = 1;
  std::vector<std::string> answers;
  std::vector<std::string> authority;
  std::string bytes() const {
    std::string out = str_cat(number(1, 2), number(0x8180, 2), number(1, 2), number(answers.size(), 2),
                              number(authority.size(), 2), number(0, 2), name("a.test"), number(type, 2), number(1, 2));
    for (const std::string& each : answers) out += each;
    for (const std::string& each : authority) out += each;
    return out;
  }
};
DnsAnswer read(DnsRecordType type, int status, std::string bytes) {
  return read_dns_answer(type, status, {reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
}
DnsAnswer read_a(const Message& message) { return read(DnsRecordType::kA, ARES_SUCCESS, message.bytes()); }

TEST(DnsMessage, ReadsAddressesAndTheLeastTtl) {
  DnsAnswer found = read_a({1, {a("a.test", 60, 1), a("a.test", 30, 2)}, {}});

  EXPECT_EQ(found.kind, Found::kFound);
  ASSERT_EQ(found.addresses.size(), 2U);
  EXPECT_EQ(found.addresses[1].text(), "10.0.0.2:0");
  EXPECT_EQ(found.ttl, Duration(30s));
}

TEST(DnsMessage, ReadsIpv6) {
  std::string address = "\xfd" + std::string(14, '\0') + "\x01";
  DnsAnswer found =
      read(DnsRecordType::kAaaa, ARES_SUCCESS, Message{28, {record("a.test", 28, 9, address)}, {}}.bytes());

  ASSERT_EQ(found.addresses.size(), 1U);
  EXPECT_EQ(found.addresses[0].ip(), "fd00::1");
}

TEST(DnsMessage, AnAliasBoundsTheTtlToo) {
  DnsAnswer found = read_a({1, {record("a.test", 5, 7, name("b.test")), a("b.test", 60, 1)}, {}});

  EXPECT_EQ(found.addresses.size(), 1U);
  EXPECT_EQ(found.ttl, Duration(7s));
}

TEST(DnsMessage, AnAliasToNothingIsNoData) {
  DnsAnswer found = read_a({1, {record("a.test", 5, 7, name("b.test"))}, {soa(100, 20)}});

  EXPECT_EQ(found.kind, Found::kNoData);
  EXPECT_EQ(found.ttl, Duration(20s));
}

TEST(DnsMessage, ATtlBeyondTheSignIsZero) {
  EXPECT_EQ(read_a({1, {a("a.test", 0x80000000, 1)}, {}}).ttl, Duration{});
  EXPECT_EQ(read_a({1, {a("a.test", 0x7fffffff, 1)}, {}}).ttl, Duration(std::chrono::seconds(0x7fffffff)));
}

TEST(DnsMessage, ReadsServices) {
  std::string data = str_cat(number(10, 2), number(20, 2), number(5432, 2), name("T1.Test"));
  std::string none = str_cat(number(0, 2), number(0, 2), number(0, 2), name(""));
  DnsAnswer found = read(DnsRecordType::kSrv, ARES_SUCCESS,
                         Message{33, {record("a.test", 33, 40, data), record("a.test", 33, 50, none)}, {}}.bytes());

  EXPECT_EQ(found.services, std::vector<SrvRecord>({{"t1.test", 5432, 10, 20}, {"", 0, 0, 0}}));
  EXPECT_EQ(found.ttl, Duration(40s));
}

TEST(DnsMessage, TellsNoDataFromNoName) {
  std::string bytes = Message{1, {}, {soa(100, 20)}}.bytes();

  DnsAnswer no_data = read(DnsRecordType::kA, ARES_ENODATA, bytes);
  DnsAnswer no_name = read(DnsRecordType::kA, ARES_ENOTFOUND, bytes);

  EXPECT_EQ(no_data.kind, Found::kNoData);
  EXPECT_EQ(no_name.kind, Found::kNoName);
  EXPECT_EQ(no_name.ttl, Duration(20s));
}

TEST(DnsMessage, ANegativeAnswerHasTheLesserTtlOfItsSoa) {
  EXPECT_EQ(read(DnsRecordType::kA, ARES_ENODATA, Message{1, {}, {soa(5, 20)}}.bytes()).ttl, Duration(5s));
  EXPECT_EQ(read(DnsRecordType::kA, ARES_ENODATA, Message{1, {}, {}}.bytes()).ttl, Duration{});
}

struct FailureCase {
  int status;
  std::string_view why;
};
class DnsFailure : public testing::TestWithParam<FailureCase> {};
TEST_P(DnsFailure, HasAWord) {
  DnsAnswer failed = read(DnsRecordType::kA, GetParam().status, "");

  EXPECT_EQ(failed.kind, Found::kFailed);
  EXPECT_EQ(failed.why, GetParam().why);
}
INSTANTIATE_TEST_SUITE_P(Statuses, DnsFailure,
                         testing::Values(FailureCase{ARES_ETIMEOUT, "timeout"}, FailureCase{ARES_ESERVFAIL, "servfail"},
                                         FailureCase{ARES_EREFUSED, "refused"},
                                         FailureCase{ARES_ECONNREFUSED, "no-server"},
                                         FailureCase{ARES_EBADRESP, "malformed"}));

// Whatever is cut off: never a record that was not there, never beyond the end (AddressSanitizer looks on).
TEST(DnsMessage, ACutMessageIsMalformedOrLess) {
  std::string whole = Message{1, {record("a.test", 5, 7, name("b.test")), a("b.test", 60, 1)}, {soa(100, 20)}}.bytes();
  for (size_t length = 0; length < whole.size(); ++length) {
    for (int status : {ARES_SUCCESS, ARES_ENODATA}) {
      DnsAnswer found = read(DnsRecordType::kA, status, whole.substr(0, length));
      EXPECT_LE(found.addresses.size(), 1U) << length;
    }
  }
}

TEST(DnsMessage, ANameThatPointsAtItselfEnds) {
  std::string loop = Message{1, {}, {}}.bytes();
  loop[7] = 1;  // one answer, whose name points at itself
  loop += str_cat("\xc0", number(loop.size(), 1), number(1, 2), number(1, 2), number(60, 4), number(4, 2), "abcd");

  EXPECT_EQ(read(DnsRecordType::kA, ARES_SUCCESS, loop).kind, Found::kFailed);
}
}  // namespace
}  // namespace heddle
