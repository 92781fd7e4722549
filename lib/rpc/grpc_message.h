// gRPC without HTTP: status codes, messages with a length in front, the text of a status. Pure values; the bytes come
// from and go to streams (grpc_server.h, grpc_client.h). Neither side of ours compresses: a compressed message is
// refused. Limits: a message of 4 MiB, a status text of 1 KiB. Source: the gRPC protocol over HTTP/2.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "lib/base/result.h"

namespace heddle {
enum class GrpcStatus : uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};
std::string_view to_text(GrpcStatus) noexcept;  // "PERMISSION_DENIED"
// Of "7"; anything but 0 to 16 is kUnknown.
GrpcStatus grpc_status(std::string_view decimal) noexcept;
// What a client's log and metrics call it.
Reason reason_of(GrpcStatus) noexcept;

// How a call ended.
struct GrpcEnd {
  GrpcStatus status = GrpcStatus::kOk;
  std::string message;
  Reason no_answer = Reason::kNone;  // why the peer said no status; kNone: it did
};

inline constexpr size_t kGrpcPrefix = 5;  // a flag and the length, big-endian
inline constexpr size_t kMaxGrpcMessage = 4 * 1024 * 1024;
inline constexpr size_t kMaxGrpcText = 1024;  // of a status, decoded

// The message with its prefix, appended. It must be shorter than 4 GiB.
void append_grpc_message(Buffer& out, std::string_view message);
// Percent-encoded for the field grpc-message: printable ASCII but '%' stays; cut at kMaxGrpcText.
std::string encode_grpc_text(std::string_view);
// A bad escape stays as it is: the text is for people.
std::string decode_grpc_text(std::string_view);

// Cuts a stream of bytes into messages. What it holds is wiped: a message may carry a private key.
class GrpcMessageReader {
 public:
  explicit GrpcMessageReader(size_t max_message = kMaxGrpcMessage) : max_message_(max_message) {}
  GrpcMessageReader(const GrpcMessageReader&) = delete;
  GrpcMessageReader& operator=(const GrpcMessageReader&) = delete;
  ~GrpcMessageReader();

  // f(std::string_view) for each complete message; the view is valid during the call. Takes all bytes. After an error
  // (kTooLarge, kUnsupported) the stream is of no more use.
  template <class F>
  Result<void> feed(Buffer& in, F&& f) {
    while (!in.empty()) {
      HEDDLE_CHECK_OK(take(in));
      if (!is_complete()) continue;
      f(std::string_view(held_));
      next();
    }
    return {};
  }
  // Bytes of a message that is not complete: the stream may not end here.
  bool has_rest() const noexcept { return prefix_size_ > 0; }

 private:
  Result<void> take(Buffer& in);
  Result<void> read_prefix();
  bool is_complete() const noexcept { return prefix_size_ == kGrpcPrefix && held_.size() == length_; }
  void next();
  const size_t max_message_;
  unsigned char prefix_[kGrpcPrefix] = {};
  size_t prefix_size_ = 0;
  size_t length_ = 0;
  std::string held_;
};
}  // namespace heddle
