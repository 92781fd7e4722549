#include "control/docker/docker_container.h"

#include <algorithm>

#include "control/cluster/cluster_objects.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
struct ActionRow {
  std::string_view action;
  DockerEvent::What what;
};
constexpr ActionRow kActions[] = {{"create", DockerEvent::What::kLook},   {"start", DockerEvent::What::kLook},
                                  {"restart", DockerEvent::What::kLook},  {"unpause", DockerEvent::What::kLook},
                                  {"rename", DockerEvent::What::kLook},   {"update", DockerEvent::What::kLook},
                                  {"die", DockerEvent::What::kStopped},   {"stop", DockerEvent::What::kStopped},
                                  {"pause", DockerEvent::What::kStopped}, {"destroy", DockerEvent::What::kGone}};

DockerEvent::What what_of(std::string_view action) {
  if (action.starts_with("health_status")) return DockerEvent::What::kLook;
  for (const ActionRow& row : kActions) {
    if (row.action == action) return row.what;
  }
  return DockerEvent::What::kNothing;
}

DockerContainer::Texts read_texts(const std::optional<JsonValue>& object) {
  DockerContainer::Texts out;
  if (!object) return out;
  for (std::string_view key : object->keys()) {
    std::optional<JsonValue> value = object->find(key);
    if (value && value->is_string()) out.emplace(key, *value->as_string());
  }
  return out;
}

DockerContainer::Texts read_networks(const JsonValue& container) {
  DockerContainer::Texts out;
  std::optional<JsonValue> networks = container.find({"NetworkSettings", "Networks"});
  if (!networks) return out;
  for (std::string_view name : networks->keys()) {
    JsonValue network = *networks->find(name);
    std::string_view ip = text_at(network, {"IPAddress"});
    if (ip.empty()) ip = text_at(network, {"GlobalIPv6Address"});
    if (!ip.empty()) out.emplace(name, ip);
  }
  return out;
}

// Of {"80/tcp": {}, "53/udp": {}}.
std::vector<uint16_t> read_exposed(const JsonValue& container) {
  std::vector<uint16_t> out;
  std::optional<JsonValue> ports = container.find({"Config", "ExposedPorts"});
  if (!ports) return out;
  for (std::string_view text : ports->keys()) {
    if (!text.ends_with("/tcp")) continue;
    std::optional<uint16_t> port = parse_int<uint16_t>(text.substr(0, text.size() - 4));
    if (port && *port != 0) out.push_back(*port);
  }
  std::sort(out.begin(), out.end());
  return out;
}
}  // namespace

DockerContainer read_container(const JsonValue& inspected) {
  DockerContainer out;
  out.id = text_at(inspected, {"Id"});
  std::string_view name = text_at(inspected, {"Name"});
  out.name = name.starts_with('/') ? name.substr(1) : name;
  if (out.name.empty()) out.name = out.id.substr(0, 12);
  out.labels = read_texts(inspected.find({"Config", "Labels"}));
  out.is_running = is_true_at(inspected, {"State", "Running"}) && !is_true_at(inspected, {"State", "Paused"}) &&
                   !is_true_at(inspected, {"State", "Restarting"});
  out.health = text_at(inspected, {"State", "Health", "Status"});
  if (out.health == "none") out.health.clear();
  out.networks = read_networks(inspected);
  out.exposed = read_exposed(inspected);
  return out;
}

bool has_docker_label(const JsonValue& labels) {
  std::vector<std::string_view> keys = labels.keys();
  return std::any_of(keys.begin(), keys.end(),
                     [](std::string_view key) { return key.starts_with(kDockerLabelPrefix); });
}

DockerEvent read_docker_event(std::string_view line) {
  DockerEvent out;
  Result<JsonValue> event = JsonValue::parse(line);
  if (!event) return out;
  std::string_view type = text_at(*event, {"Type"});
  std::string_view action = text_at(*event, {"Action"});
  if (type == "container") {
    out.what = what_of(action);
    out.container = text_at(*event, {"Actor", "ID"});
    out.is_labelled = has_docker_label(event->find({"Actor", "Attributes"}).value_or(JsonValue()));
  } else if (type == "network" && (action == "connect" || action == "disconnect")) {
    out.what = DockerEvent::What::kLook;
    out.container = text_at(*event, {"Actor", "Attributes", "container"});
  }
  if (out.container.empty()) out.what = DockerEvent::What::kNothing;
  return out;
}
}  // namespace heddle
