// The memory formula of docs/flow-control.md: whoever writes faster than the other side reads is stopped, and what a
// sidecar holds meanwhile is bounded by the marks, whatever the size of the message.
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>

#include "tests/support/backpressure_rig.h"

namespace heddle {
namespace {
using namespace backpressure;
constexpr size_t kEach = 16 * kMiB;  // both ways at once
// What a narrow socket holds. Less than a segment of loopback would measure the timers of the kernel.
constexpr int kSmallBuffer = 64 * 1024;

class Backpressure : public BackpressureRig {
 protected:
  // Between the sidecars: what comes in goes on, through sockets with small buffers.
  RawOrigin& add_narrow_relay(const Address& inbound) {
    return add_origin([inbound](BlockingClient& peer, int, std::atomic<int>&) {
      BlockingClient onward(inbound);
      narrow(peer);
      narrow(onward);
      std::thread back([&] { relay(onward, peer); });
      relay(peer, onward);
      back.join();
    });
  }
  static void narrow(BlockingClient& socket) {
    for (int option : {SO_RCVBUF, SO_SNDBUF}) {
      setsockopt(socket.fd(), SOL_SOCKET, option, &kSmallBuffer, sizeof(kSmallBuffer));
    }
    int now = 1;  // a relay with Nagle's algorithm would wait 40 ms for each window
    setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &now, sizeof(now));
  }
  static void relay(BlockingClient& from, BlockingClient& to) {
    for (std::string bytes; !(bytes = from.read_some()).empty();) to.send(bytes);
    to.finish();
  }
  // Answers a request with kEach bytes while it reads as many. The last byte waits for the end of the request: an
  // answer that ends first would end the upload, too.
  RawOrigin& add_full_duplex_origin() {
    return add_origin([](BlockingClient& peer, int, std::atomic<int>& requests) {
      peer.read_until("\r\n\r\n");
      std::thread writer([&] {
        peer.send(str_cat("HTTP/1.1 200 OK\r\ncontent-length: ", std::to_string(kEach), "\r\n\r\n"));
        peer.send(std::string(kEach - 1, 'd'));
      });
      std::string got = peer.read_exactly(kEach);
      if (got.size() == kEach && got.find_first_not_of('u') == std::string::npos) ++requests;
      writer.join();
      peer.send("d");
      peer.read_all();
    });
  }
  // Sends kEach bytes while it reads as many.
  std::string talk_both_ways() {
    BlockingClient client(entry());
    std::thread writer([&] {
      client.send(str_cat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", std::to_string(kEach), "\r\n\r\n"));
      client.send(std::string(kEach, 'u'));
    });
    client.read_until("\r\n\r\n");
    std::string got = client.read_exactly(kEach);
    writer.join();
    return got;
  }
  void download(bool http) {
    BlockingClient client(entry());
    client.send(http ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n" : "x");
    most_ = stall(written_);
    if (http) client.read_until("\r\n\r\n");
    size_t got = 0;
    for (size_t n = 1; got < kHuge && n > 0; got += n) n = client.read_some().size();
    EXPECT_EQ(got, kHuge);
  }
  void upload(bool http) {
    BlockingClient client(entry());
    if (http) client.send(str_cat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", std::to_string(kHuge), "\r\n\r\n"));
    std::thread writer([&] { pour(client, written_); });
    most_ = stall(written_);
    go_.set_value();
    writer.join();
    EXPECT_TRUE(client.read_until("done").ends_with("done"));
  }
  // Until nothing moves any more; what comes after it is of no interest.
  void upload_chunks_of_one_byte() {
    BlockingClient client(entry());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::string chunks;
    while (chunks.size() < 16 * 1024) chunks += "1\r\nZ\r\n";
    std::atomic<bool> enough{false};
    std::thread writer([&] {
      for (; !enough; written_ += chunks.size()) client.send(chunks);
    });
    most_ = stall(written_);
    enough = true;
    go_.set_value();
    writer.join();
    client.reset();
  }
};

TEST_F(Backpressure, ADownloadOverHttp1HoldsItsFormula) {
  start_outbound(plain_snapshot({add_pouring_origin(true).address()}));

  download(true);

  EXPECT_LE(most_, kRounding * (2 * kTransport + kStream));
}

TEST_F(Backpressure, AnUploadOverHttp1HoldsItsFormula) {
  start_outbound(plain_snapshot({add_lazy_origin(true).address()}));

  upload(true);

  EXPECT_LE(most_, kRounding * (2 * kTransport + kStream + kReplay));
}

TEST_F(Backpressure, ADownloadThroughTheMeshHoldsItsFormula) {
  join(add_pouring_origin(true).address());

  download(true);

  EXPECT_LE(most_, kRounding * (2 * kTransport + kTls + kStream));
}

TEST_F(Backpressure, AnUploadThroughTheMeshHoldsItsFormula) {
  join(add_lazy_origin(true).address());

  upload(true);

  EXPECT_LE(most_, kRounding * (2 * kTransport + kTls + kStream + kReplay));
}

// A byte is a byte, whatever is around it: pieces of a body do not hold a block each.
TEST_F(Backpressure, AnUploadOfOneByteChunksHoldsItsFormula) {
  start_outbound(plain_snapshot({add_lazy_origin(true).address()}));

  upload_chunks_of_one_byte();

  EXPECT_LE(most_, kRounding * (2 * kTransport + kStream + kReplay));
}

TEST_F(Backpressure, ADownloadOverTcpHoldsItsFormula) {
  join(add_pouring_origin(false).address(), PortProtocol::kTcp);

  download(false);

  EXPECT_LE(most_, kRounding * (2 * kTransport + kTls));
}

TEST_F(Backpressure, AnUploadOverTcpHoldsItsFormula) {
  join(add_lazy_origin(false).address(), PortProtocol::kTcp);

  upload(false);

  EXPECT_LE(most_, kRounding * (2 * kTransport + kTls));
}

TEST_F(Backpressure, AReaderThatStandsStillStopsNobodyElseOnItsConnection) {
  RawOrigin& origin = add_origin([this](BlockingClient& peer, int, std::atomic<int>&) {
    for (std::string request; !(request = read_request(peer)).empty();) {
      if (request.find("/small") != std::string::npos) {
        peer.send(http_answer("small"));
        continue;
      }
      peer.send(str_cat("HTTP/1.1 200 OK\r\ncontent-length: ", std::to_string(kHuge), "\r\n\r\n"));
      pour(peer, written_);
    }
  });
  join(origin.address());
  BlockingClient slow(entry());
  slow.send("GET /huge HTTP/1.1\r\nHost: a\r\n\r\n");
  stall(written_);
  BlockingClient other(entry());

  for (int i = 0; i < 20; ++i) ASSERT_TRUE(other.get("/small").ends_with("small"));
}

// One HTTP/2 connection whose streams are all stuck: each of them holds its own share, no more.
TEST_F(Backpressure, StuckStreamsOfOneConnectionHoldAStreamEach) {
  constexpr size_t kReaders = 8;
  join(add_pouring_origin(true).address());
  std::vector<std::unique_ptr<BlockingClient>> readers;
  for (size_t i = 0; i < kReaders; ++i) {
    readers.push_back(std::make_unique<BlockingClient>(entry()));
    readers.back()->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }

  size_t most = stall(written_);

  EXPECT_LE(most, kRounding * ((kReaders + 1) * kTransport + kTls + kReaders * kStream));
  for (auto& reader : readers) reader->reset();
}

// Two peers that both write and would read only after it, wait for each other for ever.
TEST_F(Backpressure, SixteenMebibytesBothWaysAtOnceDoNotBlockEachOther) {
  RawOrigin& origin = add_full_duplex_origin();
  Sidecar& inbound = add_inbound(origin.address());
  RawOrigin& between = add_narrow_relay(inbound.address());
  start_outbound(hello_snapshot({between.address()}, kServerId));

  std::string got = talk_both_ways();

  EXPECT_EQ(got.size(), kEach);
  EXPECT_EQ(got.find_first_not_of('d'), std::string::npos);
  EXPECT_EQ(origin.requests(), 1);
  EXPECT_EQ(between.connections(), 1);
}

TEST_F(Backpressure, StreamsOfOneConnectionThatAllWriteBothWaysEnd) {
  RawOrigin& origin = add_full_duplex_origin();
  Sidecar& inbound = add_inbound(origin.address());
  RawOrigin& between = add_narrow_relay(inbound.address());
  start_outbound(hello_snapshot({between.address()}, kServerId));
  std::array<std::future<std::string>, 3> talks;

  for (auto& talk : talks) talk = std::async(std::launch::async, [&] { return talk_both_ways(); });

  for (auto& talk : talks) EXPECT_EQ(talk.get().size(), kEach);
  EXPECT_EQ(between.connections(), 1);
}
}  // namespace
}  // namespace heddle
