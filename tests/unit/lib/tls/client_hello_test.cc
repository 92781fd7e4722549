#include "lib/tls/client_hello.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>

#include "lib/base/strings.h"

namespace heddle {
namespace {
using Step = SniffedHello::Step;

std::string number(size_t value, size_t bytes) {
  std::string out;
  for (size_t i = bytes; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return out;
}
std::string vector(size_t length_bytes, std::string_view content) {
  return str_cat(number(content.size(), length_bytes), content);
}
std::string extension(size_t type, std::string_view content) { return str_cat(number(type, 2), vector(2, content)); }
std::string name_entry(std::string_view name, size_t type = 0) { return str_cat(number(type, 1), vector(2, name)); }
std::string server_name(std::string_view name) { return extension(0, vector(2, name_entry(name))); }
std::string hello_body(std::string_view tail) {
  return str_cat("\x03\x03", std::string(32, 'r'), vector(1, "session"), vector(2, "\x13\x01"),
                 vector(1, std::string_view("\0", 1)), tail);
}
std::string message(std::string_view body) { return str_cat("\x01", vector(3, body)); }
std::string record(std::string_view part, char type = 0x16) {
  return str_cat(std::string(1, type), "\x03\x01", vector(2, part));
}
std::string hello_with(std::string_view extensions) { return message(hello_body(vector(2, extensions))); }
std::string hello(std::string_view name) { return hello_with(str_cat(extension(43, "abc"), server_name(name))); }

SniffedHello sniff(std::string_view bytes) { return sniff_client_hello(as_bytes(bytes)); }
// "a.test", "" of a hello without; "more", "not hello"
std::string seen(std::string_view bytes) {
  SniffedHello out = sniff(bytes);
  if (out.step == Step::kHello) return out.server_name;
  return out.step == Step::kNeedMore ? "more" : "not hello";
}

// What OpenSSL really says.
std::string openssl_hello(const char* name, int min_version, int max_version) {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), min_version);
  SSL_CTX_set_max_proto_version(context.get(), max_version);
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
  if (name != nullptr) SSL_set_tlsext_host_name(ssl.get(), name);
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_set_connect_state(ssl.get());
  SSL_do_handshake(ssl.get());
  char* data = nullptr;
  auto length = static_cast<size_t>(BIO_get_mem_data(out, &data));
  return {data, length};
}

TEST(ClientHello, SaysWhichNameOpenSslAsksFor) {
  EXPECT_EQ(seen(openssl_hello("A.Example", TLS1_2_VERSION, TLS1_3_VERSION)), "a.example");
  EXPECT_EQ(seen(openssl_hello("b.example", TLS1_2_VERSION, TLS1_2_VERSION)), "b.example");
  EXPECT_EQ(seen(openssl_hello(nullptr, TLS1_2_VERSION, TLS1_3_VERSION)), "");
}

TEST(ClientHello, IsReadFromOneRecord) {
  EXPECT_EQ(seen(record(hello("shop.test"))), "shop.test");
  EXPECT_EQ(seen(record(hello("shop.test")) + "early data"), "shop.test");
}

TEST(ClientHello, MayHaveNoNameAndNoExtensions) {
  EXPECT_EQ(seen(record(hello_with(extension(43, "abc")))), "");
  EXPECT_EQ(seen(record(message(hello_body("")))), "");
}

TEST(ClientHello, MayBeSpreadOverRecordsOfAnySize) {
  std::string whole = hello("spread.test");
  for (size_t size : {1, 2, 3, 5, 50}) {
    std::string text;
    for (size_t at = 0; at < whole.size(); at += size) text.append(record(std::string_view(whole).substr(at, size)));
    EXPECT_EQ(seen(text), "spread.test") << size;
  }
}

TEST(ClientHello, EveryPrefixNeedsMoreAndSaysHowMuchAtLeast) {
  std::string whole = hello("cut.test");
  std::string text = record(whole.substr(0, 40)) + record(whole.substr(40));
  for (size_t n = 0; n < text.size(); ++n) {
    SniffedHello out = sniff(std::string_view(text).substr(0, n));
    ASSERT_EQ(out.step, Step::kNeedMore) << n;
    ASSERT_GT(out.needs, n);
    ASSERT_LE(out.needs, text.size());
  }
  EXPECT_EQ(seen(text), "cut.test");
}

TEST(ClientHello, WhoSpeaksSomethingElseIsNotKeptWaiting) {
  for (std::string_view text : {"G", "*1\r\n$4\r\nPING\r\n", "\x15", "\x16\x02", "\x16\x47"}) {
    EXPECT_EQ(seen(text), "not hello") << text;
  }
  EXPECT_EQ(seen(record("\x02 a server's hello")), "not hello");
  EXPECT_EQ(seen(record("")), "not hello") << "empty records of a handshake are forbidden";
  EXPECT_EQ(seen(record(hello("a.test").substr(0, 30)) + record("alert", 0x15)), "not hello");
}

TEST(ClientHello, LengthsThatDisagreeAreNoHello) {
  std::string cut = hello_body(vector(2, server_name("a.test")));
  EXPECT_EQ(seen(record(message(cut.substr(0, cut.size() - 1)))), "not hello");
  EXPECT_EQ(seen(record(message(cut + "x"))), "not hello");
  EXPECT_EQ(seen(record(message(cut.substr(0, 20)))), "not hello");
  EXPECT_EQ(seen(record(hello_with(std::string_view("\0\0\0", 3)))), "not hello");
  EXPECT_EQ(seen(record(hello_with(extension(0, number(99, 2) + name_entry("a.test"))))), "not hello");
  EXPECT_EQ(seen(record(hello_with(extension(0, "")))), "not hello");
}

// Two servers must not find two names in it.
TEST(ClientHello, AmbiguousNamesAreNoHello) {
  EXPECT_EQ(seen(record(hello_with(server_name("a.test") + server_name("b.test")))), "not hello");
  EXPECT_EQ(seen(record(hello_with(extension(0, vector(2, name_entry("a.test") + name_entry("b.test")))))),
            "not hello");
  EXPECT_EQ(seen(record(hello_with(extension(0, vector(2, name_entry("a.test", 1)))))), "not hello");
}

TEST(ClientHello, NamesAreWhatDnsCouldCarry) {
  EXPECT_EQ(seen(record(hello("A.TEST."))), "a.test");
  EXPECT_EQ(seen(record(hello(std::string(255, 'a')))), std::string(255, 'a'));
  for (const std::string& name : {std::string(), std::string("."), std::string(256, 'a'), std::string("a\0b", 3),
                                  std::string("a b"), std::string("h\xc3\xa9")}) {
    EXPECT_EQ(seen(record(hello(name))), "not hello") << name;
  }
}

TEST(ClientHello, IsLimited) {
  constexpr size_t kHeads = 5 + 4;
  size_t fixed = kHeads + hello_body(vector(2, server_name("a.test") + extension(21, ""))).size();
  auto padded = [&](size_t total) {
    return record(hello_with(server_name("a.test") + extension(21, std::string(total - fixed, '\0'))));
  };
  EXPECT_EQ(padded(kMaxSniffedHello).size(), kMaxSniffedHello);
  EXPECT_EQ(seen(padded(kMaxSniffedHello)), "a.test");
  EXPECT_EQ(seen(padded(kMaxSniffedHello + 1)), "not hello");
  EXPECT_EQ(seen(padded(kMaxSniffedHello + 1).substr(0, 9)), "not hello") << "by its length, before it is there";
  EXPECT_EQ(seen(record(str_cat("\x01", number(kMaxSniffedHello, 3)))), "not hello");
  EXPECT_EQ(seen(str_cat("\x16\x03\x01", number(16385, 2), "\x01")), "not hello");
}

TEST(ClientHello, EnoughBytesGiveAVerdict) {
  std::string drip;
  while (drip.size() < kMaxSniffedHello) drip.append(record("\x01"));
  EXPECT_EQ(seen(drip), "not hello");
  std::string slow = record(str_cat("\x01", number(16000, 3)));
  while (slow.size() < kMaxSniffedHello) slow.append(record("x"));
  EXPECT_EQ(seen(slow), "not hello");
}
}  // namespace
}  // namespace heddle
