#include "tests/support/h2_origin.h"

namespace heddle {

RawOrigin::Script h2_origin(std::function<std::string(int connection, uint32_t stream)> on_request) {
  return [on_request = std::move(on_request)](BlockingClient& peer, int connection, std::atomic<int>& requests) {
    peer.read_exactly(h2::kPreface.size());
    peer.send(h2::settings({}) + h2::frame(h2::kSettings, h2::kAck, 0));
    for (;;) {
      std::string head = peer.read_exactly(9);
      if (head.size() < 9) return;
      uint32_t length = h2::read_u32(head) >> 8;
      if (peer.read_exactly(length).size() < length) return;
      if (head[3] != h2::kHeaders) continue;
      ++requests;
      std::string answer = on_request(connection, h2::read_u32(std::string_view(head).substr(5)));
      if (answer.empty()) return;
      peer.send(answer);
    }
  };
}

std::string h2_empty_answer(uint32_t stream) {
  return h2::headers(stream, {{":status", "200"}, {"content-length", "0"}}, h2::kEndHeaders | h2::kEndStream);
}
}  // namespace heddle
