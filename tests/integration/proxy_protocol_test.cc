// The PROXY protocol through whole workers: whom the application hears of behind a balancer, and what a balancer in the
// application itself hears of us.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/net/proxy_header.h"
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kLine = "PROXY TCP4 192.0.2.1 198.51.100.2 56300 443\r\n";
constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: hello.default\r\n\r\n";
const ProxyEnds kEnds{*Address::parse("192.0.2.1:56300"), *Address::parse("198.51.100.2:443")};

Address own_address(const BlockingClient& client) {
  sockaddr_storage room{};
  socklen_t length = sizeof(room);
  getsockname(client.fd(), reinterpret_cast<sockaddr*>(&room), &length);
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&room));
}

// Reads a header of either version, byte by byte, and no byte of what follows.
ProxyHeader read_header(BlockingClient& peer) {
  std::string bytes;
  for (;;) {
    auto read = read_proxy_header(as_bytes(bytes));
    if (!read) ADD_FAILURE() << read.error().text();
    if (!read) return {};
    if (*read) return **read;
    std::string next = peer.read_exactly(1);
    if (next.empty()) ADD_FAILURE() << "the connection ended in its header";
    if (next.empty()) return {};
    bytes.append(next);
  }
}

class ProxyProtocol : public MeshFixture {
 protected:
  // Answers each request with its own head.
  RawOrigin& add_mirror() {
    return add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
      for (std::string head = read_request(peer); !head.empty(); head = read_request(peer))
        peer.send(http_answer(head));
    });
  }
  // Reads a header, says what it says, and then everything that came behind it.
  RawOrigin& add_reader_of_headers() {
    return add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
      ProxyHeader header = read_header(peer);
      peer.send(header.ends ? str_cat(header.ends->source.text(), " ", header.ends->destination.text(), "\n")
                            : std::string("nobody\n"));
      peer.send(peer.read_all());
    });
  }
  Sidecar& behind_balancer(const Address& application, PortProtocol protocol, InboundTls tls = InboundTls::kOff) {
    Settings settings = inbound_settings(application, tls, protocol);
    settings.listeners[0].proxy_protocol = true;
    return add_inbound(std::move(settings));
  }
  Sidecar& telling(ProxyVersion version, const Address& application, bool is_told, InboundTls tls = InboundTls::kOff) {
    Settings settings = inbound_settings(application, tls, PortProtocol::kTcp);
    settings.listeners[0].forward_proxy_protocol = version;
    settings.listeners[0].proxy_protocol = is_told;
    return add_inbound(std::move(settings));
  }
  static std::string ask(const Address& address, std::string_view header) {
    BlockingClient client(address);
    client.send(header);
    return client.get("/");
  }
};

TEST_F(ProxyProtocol, TheApplicationHearsOfTheClientAndNotOfTheBalancer) {
  RawOrigin& mirror = add_mirror();
  for (PortProtocol protocol : {PortProtocol::kHttp, PortProtocol::kAuto}) {
    const Address address = behind_balancer(mirror.address(), protocol).address();

    EXPECT_THAT(ask(address, kLine), HasSubstr("x-forwarded-for: 192.0.2.1\r\n"));
    EXPECT_THAT(ask(address, write_proxy_header(ProxyVersion::kV2, kEnds)),
                HasSubstr("x-forwarded-for: 192.0.2.1\r\n"));
    EXPECT_THAT(ask(address, "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n"),
                HasSubstr("x-forwarded-for: 2001:db8::1\r\n"));
    EXPECT_THAT(ask(address, "PROXY UNKNOWN\r\n"), HasSubstr("x-forwarded-for: 127.0.0.1\r\n"));
  }
}

TEST_F(ProxyProtocol, OfEveryRequestOfTheConnection) {
  BlockingClient client(behind_balancer(add_mirror().address(), PortProtocol::kHttp).address());
  client.send(kLine);

  for (int i = 0; i < 3; ++i) EXPECT_THAT(client.get("/"), HasSubstr("x-forwarded-for: 192.0.2.1\r\n"));
}

// The socket does not know whose connection it is; what is parked keeps no more than its socket.
TEST_F(ProxyProtocol, AlsoAfterTheConnectionWasIdle) {
  Sidecar& inbound = behind_balancer(add_mirror().address(), PortProtocol::kHttp);
  BlockingClient named(inbound.address());
  named.send(kLine);
  named.get("/");
  BlockingClient check(inbound.address());
  check.send("PROXY UNKNOWN\r\n");
  check.get("/");

  wait_metric(inbound, "heddle_downstream_parked", 1);  // the younger one

  EXPECT_THAT(named.get("/"), HasSubstr("x-forwarded-for: 192.0.2.1\r\n"));
  EXPECT_THAT(check.get("/"), HasSubstr("x-forwarded-for: 127.0.0.1\r\n"));
}

TEST_F(ProxyProtocol, AHeaderInEveryPieceIsOneHeader) {
  const Address address = behind_balancer(add_mirror().address(), PortProtocol::kHttp).address();
  for (const std::string& header : {std::string(kLine), write_proxy_header(ProxyVersion::kV2, kEnds)}) {
    BlockingClient client(address);
    for (char byte : header) client.send({&byte, 1});

    EXPECT_THAT(client.get("/"), HasSubstr("x-forwarded-for: 192.0.2.1\r\n"));
  }
}

TEST_F(ProxyProtocol, OutboundListenersReadOneToo) {
  add_mirror();
  Settings settings = outbound_settings();
  settings.listeners[0].proxy_protocol = true;
  start_outbound(plain_snapshot({origins_.front()->address()}), std::move(settings));

  EXPECT_THAT(ask(entry(), kLine), HasSubstr("HTTP/1.1 200 "));
  BlockingClient without(entry());
  without.send(kRequest);
  EXPECT_EQ(without.read_all(), "");
}

TEST_F(ProxyProtocol, WhatIsRefusedIsCountedByItsReason) {
  RawOrigin& mirror = add_mirror();
  Sidecar& inbound = behind_balancer(mirror.address(), PortProtocol::kHttp);
  for (std::string_view bytes : {kRequest, std::string_view("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n")}) {
    BlockingClient client(inbound.address());
    client.send(bytes);
    EXPECT_EQ(client.read_all(), "");
  }

  wait_metric(inbound, R"(heddle_downstream_refused_total{listener="in",reason="proxy-header-invalid"})", 2);
  EXPECT_EQ(mirror.requests() + mirror.connections(), 0);
}

TEST_F(ProxyProtocol, WhereItIsNotConfiguredAHeaderIsABadRequestOrTheApplicationsBytes) {
  Sidecar& http = add_inbound(add_mirror().address(), InboundTls::kOff, PortProtocol::kHttp);
  EXPECT_THAT(ask(http.address(), kLine), HasSubstr("HTTP/1.1 400 "));

  RawOrigin& echo =
      add_origin([](BlockingClient& peer, int, std::atomic<int>&) { peer.send(peer.read_exactly(kLine.size())); });
  BlockingClient client(add_inbound(echo.address(), InboundTls::kOff, PortProtocol::kTcp).address());
  client.send(kLine);
  EXPECT_EQ(client.read_exactly(kLine.size()), kLine);
}

TEST_F(ProxyProtocol, TellsTheApplicationBeforeTheClientSaysAnything) {
  RawOrigin& application = add_reader_of_headers();
  for (ProxyVersion version : {ProxyVersion::kV1, ProxyVersion::kV2}) {
    Sidecar& inbound = telling(version, application.address(), false);
    BlockingClient client(inbound.address());

    EXPECT_EQ(client.read_until("\n"), str_cat(own_address(client).text(), " ", inbound.address().text(), "\n"));
    client.send("and then this");
    client.finish();
    EXPECT_EQ(client.read_all(), "and then this");
  }
}

TEST_F(ProxyProtocol, TellsTheApplicationWhatItWasTold) {
  RawOrigin& application = add_reader_of_headers();
  for (ProxyVersion version : {ProxyVersion::kV1, ProxyVersion::kV2}) {
    BlockingClient client(telling(version, application.address(), true).address());
    client.send(write_proxy_header(version == ProxyVersion::kV1 ? ProxyVersion::kV2 : ProxyVersion::kV1, kEnds));
    client.send("bytes");
    client.finish();

    EXPECT_EQ(client.read_all(), "192.0.2.1:56300 198.51.100.2:443\nbytes");
  }
}

// What moves is spliced after a while: the header is in front of it all the same.
TEST_F(ProxyProtocol, AHeaderIsInFrontOfAMebibyte) {
  BlockingClient client(telling(ProxyVersion::kV2, add_reader_of_headers().address(), true).address());
  const std::string much(1024 * 1024, 'x');
  client.send(str_cat(kLine, much));
  client.finish();

  EXPECT_EQ(client.read_until("\n"), "192.0.2.1:56300 198.51.100.2:443\n");
  EXPECT_TRUE(client.read_all() == much);
}

TEST_F(ProxyProtocol, BetweenSidecarsTheApplicationHearsOfTheOtherSidecar) {
  Sidecar& inbound = telling(ProxyVersion::kV1, add_reader_of_headers().address(), false, InboundTls::kStrict);
  start_outbound(hello_snapshot({inbound.address()}, kServerId), outbound_settings(PortProtocol::kTcp));
  BlockingClient client(entry());

  std::string told = client.read_until("\n");

  EXPECT_THAT(told, HasSubstr(str_cat(" ", inbound.address().text(), "\n")));
  EXPECT_THAT(told, Not(HasSubstr(own_address(client).text())));
}
}  // namespace
}  // namespace heddle
