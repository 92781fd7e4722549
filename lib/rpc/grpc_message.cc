#include "lib/rpc/grpc_message.h"

#include <algorithm>

#include "certs/wipe.h"
#include "lib/base/grpc_status.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kReserve = 64 * 1024;  // at once; a length alone makes nobody allocate megabytes
constexpr std::string_view kHex = "0123456789ABCDEF";

bool stays(char c) noexcept { return c >= ' ' && c <= '~' && c != '%'; }

std::optional<unsigned char> hex_byte(std::string_view two) {
  unsigned char value = 0;
  auto [end, error] = std::from_chars(two.data(), two.data() + two.size(), value, 16);
  if (error != std::errc{} || end != two.data() + 2) return std::nullopt;
  return value;
}
}  // namespace

GrpcMessageReader::~GrpcMessageReader() { wipe(held_); }

std::string_view to_text(GrpcStatus status) noexcept {
  auto index = static_cast<size_t>(status);
  return index < kGrpcStatusNames.size() ? kGrpcStatusNames[index] : "UNKNOWN";
}

GrpcStatus grpc_status(std::string_view decimal) noexcept {
  auto code = parse_int<uint8_t>(decimal);
  return code && *code < kGrpcStatusNames.size() ? static_cast<GrpcStatus>(*code) : GrpcStatus::kUnknown;
}

Reason reason_of(GrpcStatus status) noexcept {
  switch (status) {
    case GrpcStatus::kOk:
      return Reason::kNone;
    case GrpcStatus::kInvalidArgument:
      return Reason::kBadRequest;
    case GrpcStatus::kPermissionDenied:
      return Reason::kForbidden;
    case GrpcStatus::kUnauthenticated:
      return Reason::kUnauthenticated;
    case GrpcStatus::kResourceExhausted:
      return Reason::kRateLimited;
    case GrpcStatus::kUnimplemented:
      return Reason::kUnsupported;
    default:
      return Reason::kUnavailable;
  }
}

void append_grpc_message(Buffer& out, std::string_view message) {
  auto length = static_cast<uint32_t>(message.size());
  char prefix[kGrpcPrefix] = {0, static_cast<char>(length >> 24), static_cast<char>(length >> 16),
                              static_cast<char>(length >> 8), static_cast<char>(length)};
  out.append(std::string_view(prefix, kGrpcPrefix));
  out.append(message);
}

std::string encode_grpc_text(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, kMaxGrpcText)) {
    if (stays(c)) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

std::string decode_grpc_text(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size() && out.size() < kMaxGrpcText; ++i) {
    auto byte = text[i] == '%' && i + 2 < text.size() ? hex_byte(text.substr(i + 1, 2)) : std::nullopt;
    out += byte ? static_cast<char>(*byte) : text[i];
    if (byte) i += 2;
  }
  return out;
}

Result<void> GrpcMessageReader::take(Buffer& in) {
  std::string_view part = as_text(in.front());
  size_t used = 0;
  if (prefix_size_ < kGrpcPrefix) {
    used = std::min(part.size(), kGrpcPrefix - prefix_size_);
    std::copy_n(part.begin(), used, prefix_ + prefix_size_);
    prefix_size_ += used;
    in.consume(used);
    return prefix_size_ == kGrpcPrefix ? read_prefix() : Result<void>();
  }
  used = std::min(part.size(), length_ - held_.size());
  held_.append(part.substr(0, used));
  in.consume(used);
  return {};
}

Result<void> GrpcMessageReader::read_prefix() {
  if (prefix_[0] != 0) return make_error(Reason::kUnsupported, "a compressed message; nobody offered to read any");
  length_ = 0;
  for (size_t i = 1; i < kGrpcPrefix; ++i) length_ = length_ << 8 | prefix_[i];
  if (length_ > max_message_) {
    return make_error(Reason::kTooLarge, str_cat("a message of ", std::to_string(length_), " bytes, the limit is ",
                                                 std::to_string(max_message_)));
  }
  held_.reserve(std::min(length_, kReserve));
  return {};
}

void GrpcMessageReader::next() {
  wipe(held_);
  prefix_size_ = 0;
}
}  // namespace heddle
