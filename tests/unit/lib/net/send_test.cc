#include "lib/net/send.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <uv.h>

#include <string>
#include <vector>

#include "lib/base/unique_fd.h"

namespace heddle {
namespace {
class SendSlices : public testing::Test {
 protected:
  SendSlices() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    near_ = UniqueFd(ends[0]);
    far_ = UniqueFd(ends[1]);
  }
  ssize_t send_all(const std::vector<std::string>& texts) {
    std::vector<Bytes> slices;
    slices.reserve(texts.size());
    for (const std::string& text : texts) slices.push_back(as_bytes(text));
    return send_slices(near_.get(), slices);
  }
  std::string arrived() {
    std::string text(1 << 20, '\0');
    ssize_t n = recv(far_.get(), text.data(), text.size(), 0);
    text.resize(n < 0 ? 0 : static_cast<size_t>(n));
    return text;
  }
  UniqueFd near_;
  UniqueFd far_;
};

TEST_F(SendSlices, SendsOneSlice) {
  EXPECT_EQ(send_all({"alone"}), 5);

  EXPECT_EQ(arrived(), "alone");
}

TEST_F(SendSlices, KeepsTheOrderOfShortSlices) {
  EXPECT_EQ(send_all({"head ", "", "body ", "end"}), 13);

  EXPECT_EQ(arrived(), "head body end");
}

TEST_F(SendSlices, KeepsTheOrderAroundTheLengthThatIsPutTogether) {
  for (size_t length : {4095U, 4096U, 4097U, 20000U}) {
    std::string tail(length - 1, 't');
    EXPECT_EQ(send_all({"h", tail}), static_cast<ssize_t>(length));
    EXPECT_EQ(arrived(), "h" + tail);
  }
}

TEST_F(SendSlices, TellsHowManyASocketThatFillsTook) {
  ssize_t sent = send_all({std::string(4 << 20, 'x'), "more"});

  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, 4 << 20);
  EXPECT_EQ(send_all({std::string(4 << 20, 'x')}), UV_EAGAIN);
}

TEST_F(SendSlices, NamesAClosedPeerAndRaisesNoSignal) {
  far_.reset();

  EXPECT_EQ(send_all({"x"}), UV_EPIPE);
  EXPECT_EQ(send_all({"x", "y"}), UV_EPIPE);
  EXPECT_EQ(send_all({"x", std::string(5000, 'y')}), UV_EPIPE);
}
}  // namespace
}  // namespace heddle
