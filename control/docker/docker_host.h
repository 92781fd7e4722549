// DockerHost: where the engine's API is, as --docker-host says: "unix:///var/run/docker.sock" or "tcp://host:port",
// which is plain HTTP to a filtering proxy. Pure; resolves no name.
#pragma once
#include "lib/rpc/http_channel.h"

namespace heddle {
inline constexpr std::string_view kDefaultDockerHost = "unix:///var/run/docker.sock";

struct DockerHost {
  Address socket{};     // not set: `server`
  HttpTarget server{};  // never TLS
};
// Other schemes (ssh, npipe, fd, https) are refused.
Result<DockerHost> parse_docker_host(std::string_view text);
}  // namespace heddle
