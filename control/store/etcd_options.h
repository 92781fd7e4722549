// How etcd is reached: its members, TLS and the user. Pure values; parsing resolves no names.
#pragma once
#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/result.h"

namespace heddle {
// "http://10.0.0.1:2379", "https://etcd-1.example:2379", "https://[::1]:2379": a client URL without a path.
struct EtcdEndpoint {
  bool is_tls = false;
  std::string host;  // without brackets
  uint16_t port = 2379;
  std::string authority() const;  // for Host
  std::string text() const;
  static Result<EtcdEndpoint> parse(std::string_view url);
};

struct EtcdOptions {
  std::vector<EtcdEndpoint> endpoints;  // at least one, at most kMaxEndpoints
  std::string ca_file{};                // PEM; https only; the files are read anew for each connection
  std::string cert_file{};              // client certificate and key, both or none
  std::string key_file{};
  std::string user{};  // empty: without authentication
  std::string password{};
  Duration connect = 3s;  // to one member; the TLS handshake has as much again
  Duration attempt = 4s;  // one member's answer
  Duration whole = 10s;   // of one call, over all members
  static constexpr size_t kMaxEndpoints = 16;
  // kConfigInvalid: names what is wrong.
  Result<void> check() const;
};
}  // namespace heddle
