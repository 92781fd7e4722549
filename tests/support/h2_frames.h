// Handmade HTTP/2 frames for tests, so that a peer can send what no library would. Header blocks use literals without
// indexing and no Huffman coding, except where a test asks for the table.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle::h2 {
using Fields = std::vector<std::pair<std::string, std::string>>;
enum Type : uint8_t {
  kData,
  kHeaders,
  kPriority,
  kRstStream,
  kSettings,
  kPushPromise,
  kPing,
  kGoAway,
  kWindowUpdate,
  kContinuation
};
constexpr uint8_t kEndStream = 1;
constexpr uint8_t kAck = 1;
constexpr uint8_t kEndHeaders = 4;
constexpr uint8_t kPadded = 8;

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload = {});
std::string u32(uint32_t);
std::string u16(uint16_t);
std::string block(const Fields&);                                            // literals without indexing
std::string indexed_literal(std::string_view name, std::string_view value);  // enters the dynamic table
std::string headers(uint32_t stream, const Fields&, uint8_t flags);
std::string settings(const std::vector<std::pair<uint16_t, uint32_t>>&);
Fields get(std::string path = "/");  // a whole request
Fields post(std::string path = "/");
// What a client sends first: preface, SETTINGS, and the acknowledgement of ours.
std::string client_start();

struct Frame {
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
  std::string payload;
};
std::vector<Frame> parse(std::string_view bytes);
// The frames of `type` in `bytes`.
std::vector<Frame> only(uint8_t type, std::string_view bytes);
uint32_t read_u32(std::string_view bytes);
}  // namespace heddle::h2
