#include "lib/rpc/grpc_health.h"

namespace heddle {
namespace {
// Of the wire format of protobuf; groups are not used by proto3.
enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
constexpr uint64_t kFirstField = 1;
constexpr size_t kMaxVarint = 10;

void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

// Takes it from the front.
std::optional<uint64_t> read_varint(std::string_view& in) noexcept {
  uint64_t value = 0;
  for (size_t i = 0; i < in.size() && i < kMaxVarint; ++i) {
    auto byte = static_cast<uint8_t>(in[i]);
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    in.remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

bool skip(std::string_view& in, uint64_t size) noexcept {
  if (size > in.size()) return false;
  in.remove_prefix(static_cast<size_t>(size));
  return true;
}

bool skip_field(std::string_view& in, uint64_t wire_type) noexcept {
  switch (static_cast<WireType>(wire_type)) {
    case WireType::kVarint:
      return read_varint(in).has_value();
    case WireType::kFixed64:
      return skip(in, 8);
    case WireType::kFixed32:
      return skip(in, 4);
    case WireType::kBytes: {
      auto size = read_varint(in);
      return size && skip(in, *size);
    }
  }
  return false;
}

ServingStatus status_of(uint64_t value) noexcept {
  return value <= static_cast<uint64_t>(ServingStatus::kServiceUnknown) ? static_cast<ServingStatus>(value)
                                                                        : ServingStatus::kUnknown;
}
}  // namespace

std::string_view to_text(ServingStatus status) noexcept {
  constexpr std::string_view kNames[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  return kNames[static_cast<size_t>(status)];
}

std::string encode_health_request(std::string_view service) {
  std::string out;
  if (service.empty()) return out;
  append_varint(out, kFirstField << 3 | static_cast<uint64_t>(WireType::kBytes));
  append_varint(out, service.size());
  return out.append(service);
}

std::optional<ServingStatus> decode_health_response(std::string_view message) noexcept {
  ServingStatus status = ServingStatus::kUnknown;
  while (!message.empty()) {
    auto tag = read_varint(message);
    if (!tag) return std::nullopt;
    bool is_status = *tag == (kFirstField << 3 | static_cast<uint64_t>(WireType::kVarint));
    if (!is_status) {
      if (!skip_field(message, *tag & 7)) return std::nullopt;
      continue;
    }
    auto value = read_varint(message);
    if (!value) return std::nullopt;
    status = status_of(*value);
  }
  return status;
}
}  // namespace heddle
