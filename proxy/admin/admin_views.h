// The JSON answers of the admin: plain values in, text out. Pure; never shows a key, a token or a header value.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/tls/tls_context.h"
#include "proxy/admin/backend_rows.h"

namespace heddle {

struct AdminConnection {
  std::string direction;  // "downstream", "upstream"; empty where nobody knows
  std::string protocol;   // "h2", "http/1.1", "tcp"
  std::string peer;
  std::string local;
  std::string identity;  // of the peer; empty without
  size_t streams = 0;
  uint32_t worker = 0;
};

struct ProgramInfo {
  std::string version;
  std::string node;
  WallTime started;
};

std::string backends_json(const std::vector<BackendTable>&);
std::string connections_json(const std::vector<AdminConnection>&);
// Own certificate (id, serial, times) and whom we trust (domains, SHA-256 pins). nullptr: no identity yet.
std::string certs_json(const TlsIdentity*, WallTime now);
std::string levels_json(const std::map<std::string, LogLevel, std::less<>>&);
std::string version_json(const ProgramInfo&, WallTime now);
}  // namespace heddle
