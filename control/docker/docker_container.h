// A container as the Docker Engine's API shows it (GET /containers/{id}/json), and an event of its stream (GET
// /events), in the fields we read; v1.41 and newer agree on them. Pure. What others wrote is taken as far as it is
// understood: a field that is not there or has another type is empty.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "lib/base/json.h"

namespace heddle {
inline constexpr std::string_view kDockerLabelPrefix = "heddle.dev/";

struct DockerContainer {
  using Texts = std::map<std::string, std::string, std::less<>>;
  std::string id;
  std::string name;  // without the '/' before it
  Texts labels;
  bool is_running = false;        // and neither paused nor being restarted
  std::string health;             // "starting", "healthy", "unhealthy"; empty: it has no check
  Texts networks;                 // by name: our address in it (IPv4 where there is one); without those that have none
  std::vector<uint16_t> exposed;  // TCP ports, sorted

  // An endpoint now, by the engine's view of it.
  bool is_ready() const { return is_running && (health.empty() || health == "healthy"); }
  bool operator==(const DockerContainer&) const = default;
};
DockerContainer read_container(const JsonValue& inspected);

// Whether somebody asks us to look at it: any label of ours.
bool has_docker_label(const JsonValue& labels);

struct DockerEvent {
  enum class What : uint8_t {
    kNothing,
    kLook,     // started, healthy, renamed, in another network, ...: to be inspected
    kStopped,  // it takes nothing from now on: died, stopped, paused
    kGone,     // removed
  };
  What what = What::kNothing;
  std::string container;  // its id
  bool is_labelled = false;
};
// kNothing for what is not understood.
DockerEvent read_docker_event(std::string_view line);
}  // namespace heddle
