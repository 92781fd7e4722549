// DockerClaim: what the labels of one container ask for: of which Service it is an endpoint, with which ports and who
// must answer there. docs/docker.md is the table of labels. Pure.
#pragma once
#include <optional>

#include "control/cluster/cluster_objects.h"
#include "control/docker/docker_container.h"

namespace heddle {
struct DockerSettings {
  std::string trust_domain = "cluster.local";
};

struct DockerPort {
  uint16_t port = 0;    // of the Service
  uint16_t target = 0;  // at the container's address
};

struct DockerClaim {
  std::string container;  // its name
  ObjectRef service;
  std::vector<DockerPort> ports;
  std::string address;   // empty: it is no endpoint now
  std::string identity;  // empty: it has no sidecar, plaintext
  std::optional<uint32_t> weight;
  std::string zone;
  bool is_running = false;
  DockerContainer::Texts service_labels;  // those of the Service, the same for all of its containers
};

// Nothing: it is none of ours, or what it says is wrong, which then is a problem of it.
std::optional<DockerClaim> read_docker_claim(const DockerContainer&, const DockerSettings&, ClusterProblems&);

// All labels that are read, for the page that lists them: those of one container, and those of its Service.
std::vector<std::string> docker_container_labels();
std::vector<std::string> docker_service_labels();
std::string docker_object(std::string_view container);  // "container web-1"
}  // namespace heddle
