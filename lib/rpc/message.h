// Whole HTTP messages for admin, control API, probes and the watch: bodies are strings with a limit, not streams. Not
// for proxied traffic. Pure values.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/address.h"
#include "lib/base/error.h"

namespace heddle {
class PeerCertificate;

struct RpcRequest {
  std::string method = "GET";
  std::string path;   // without query
  std::string query;  // without '?', not decoded
  std::string authority;
  std::vector<std::pair<std::string, std::string>> headers;  // lower-case names
  std::string body;

  // Filled by the server.
  Address peer;
  Address local;                                                // where the peer reached us
  std::shared_ptr<const PeerCertificate> peer_certificate;      // verified; null without
  std::map<std::string, std::string, std::less<>> path_params;  // of "{name}" in the route's pattern

  std::optional<std::string_view> header(std::string_view lower_name) const;
  // "Bearer x" -> x
  std::optional<std::string_view> bearer_token() const;
  // Percent-decoded value of a query parameter; nullopt when absent or badly encoded.
  std::optional<std::string> query_param(std::string_view name) const;
};

struct RpcResponse {
  uint16_t status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;

  static RpcResponse text(uint16_t status, std::string body);
  static RpcResponse json(uint16_t status, std::string body);
  // {"reason": "...", "message": "..."} with the status of the reason.
  static RpcResponse error(const Error&);
};
}  // namespace heddle
