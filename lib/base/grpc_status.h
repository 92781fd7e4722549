// What gRPC says of its statuses as numbers (grpc.io, "Status codes and their use in gRPC"), for who does not speak
// gRPC itself. Pure.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace heddle {
// Each name at the place of its number.
inline constexpr std::array<std::string_view, 17> kGrpcStatusNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

// What an answer of HTTP means that is not gRPC's ("HTTP to gRPC Status Code Mapping").
constexpr uint8_t grpc_status_of_http(int64_t status) noexcept {
  switch (status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}
}  // namespace heddle
