#include "tests/support/h2_frames.h"

namespace heddle::h2 {
namespace {
// HPACK integer (RFC 7541 §5.1).
std::string integer(uint8_t first, unsigned prefix_bits, size_t value) {
  size_t most = (size_t{1} << prefix_bits) - 1;
  if (value < most) return {static_cast<char>(first | value)};
  std::string out{static_cast<char>(first | most)};
  for (value -= most; value >= 128; value /= 128) out += static_cast<char>(value % 128 + 128);
  return out + static_cast<char>(value);
}
std::string literal(uint8_t first, unsigned prefix_bits, std::string_view name, std::string_view value) {
  std::string out = integer(first, prefix_bits, 0);
  out += integer(0, 7, name.size()).append(name);
  return out + integer(0, 7, value.size()).append(value);
}
uint32_t at(std::string_view bytes, size_t i) { return static_cast<unsigned char>(bytes[i]); }
}  // namespace

std::string u32(uint32_t v) {
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8), static_cast<char>(v)};
}
std::string u16(uint16_t v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }

std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string out = u32(static_cast<uint32_t>(payload.size())).substr(1);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  return out.append(u32(stream)).append(payload);
}

std::string block(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) out += literal(0, 4, name, value);
  return out;
}
std::string indexed_literal(std::string_view name, std::string_view value) { return literal(0x40, 6, name, value); }

std::string headers(uint32_t stream, const Fields& fields, uint8_t flags) {
  return frame(kHeaders, flags | kEndHeaders, stream, block(fields));
}
std::string settings(const std::vector<std::pair<uint16_t, uint32_t>>& entries) {
  std::string payload;
  for (auto [id, value] : entries) payload += u16(id) + u32(value);
  return frame(kSettings, 0, 0, payload);
}
Fields get(std::string path) {
  return {{":method", "GET"}, {":scheme", "http"}, {":path", std::move(path)}, {":authority", "a.test"}};
}
Fields post(std::string path) {
  return {{":method", "POST"}, {":scheme", "http"}, {":path", std::move(path)}, {":authority", "a.test"}};
}
std::string client_start() { return std::string(kPreface) + settings({}) + frame(kSettings, kAck, 0); }

uint32_t read_u32(std::string_view b) { return at(b, 0) << 24 | at(b, 1) << 16 | at(b, 2) << 8 | at(b, 3); }

std::vector<Frame> parse(std::string_view bytes) {
  std::vector<Frame> out;
  while (bytes.size() >= 9) {
    size_t length = at(bytes, 0) << 16 | at(bytes, 1) << 8 | at(bytes, 2);
    auto type = static_cast<uint8_t>(bytes[3]);
    auto flags = static_cast<uint8_t>(bytes[4]);
    out.push_back({type, flags, read_u32(bytes.substr(5)), std::string(bytes.substr(9, length))});
    bytes.remove_prefix(std::min(bytes.size(), 9 + length));
  }
  return out;
}
std::vector<Frame> only(uint8_t type, std::string_view bytes) {
  std::vector<Frame> out;
  for (Frame& f : parse(bytes)) {
    if (f.type == type) out.push_back(std::move(f));
  }
  return out;
}
}  // namespace heddle::h2
