// HttpsUrl: the address of a bundle endpoint (SPIFFE Federation §5.2.1.1, §5.2.2.1): https, no user information, no
// fragment. Pure value, impossible to build invalid.
#pragma once
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace heddle {
class HttpsUrl {
 public:
  static constexpr size_t kMaxBytes = 2048;
  // "https://host[:port][/path][?query]". The host is a DNS name (folded to lower case), an IPv4 address or an IPv6
  // address in brackets; other spellings of IPv4 addresses, as resolvers take them ("127.1"), are refused.
  static Result<HttpsUrl> parse(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  const std::string& host() const noexcept { return host_; }  // without brackets
  bool host_is_ip() const noexcept { return host_is_ip_; }
  uint16_t port() const noexcept { return port_; }
  const std::string& authority() const noexcept { return authority_; }  // for Host: port 443 is left out
  const std::string& path() const noexcept { return path_; }            // at least "/"
  const std::string& query() const noexcept { return query_; }          // without '?'
  bool operator==(const HttpsUrl& other) const { return text_ == other.text_; }

 private:
  HttpsUrl() = default;
  Result<void> read_authority(std::string_view authority);
  std::string text_;
  std::string host_;
  std::string authority_;
  std::string path_;
  std::string query_;
  uint16_t port_ = 443;
  bool host_is_ip_ = false;
};
}  // namespace heddle
