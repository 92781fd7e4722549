// The messages of grpc.health.v1.Health (the gRPC health checking protocol), which are too small for generated code:
// a request is one string, an answer is one enum. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace heddle {
inline constexpr std::string_view kHealthCheckMethod = "/grpc.health.v1.Health/Check";

enum class ServingStatus : uint8_t { kUnknown = 0, kServing = 1, kNotServing = 2, kServiceUnknown = 3 };
std::string_view to_text(ServingStatus) noexcept;  // "NOT_SERVING"

// HealthCheckRequest; an empty service asks for the server as a whole.
std::string encode_health_request(std::string_view service);
// HealthCheckResponse: fields that nobody knows are passed over, a status that nobody knows is kUnknown. Nothing when
// it is no message of protobuf.
std::optional<ServingStatus> decode_health_response(std::string_view message) noexcept;
}  // namespace heddle
