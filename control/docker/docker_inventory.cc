#include "control/docker/docker_inventory.h"

#include <algorithm>

#include "control/cluster/cluster_objects.h"

namespace heddle {
bool DockerInventory::on_list(const JsonValue& list) {
  is_listed_ = true;
  std::set<std::string> listed;
  for (size_t i = 0; i < list.size(); ++i) {
    JsonValue one = list.at(i);
    std::string id(text_at(one, {"Id"}));
    if (!id.empty() && has_docker_label(one.find("Labels").value_or(JsonValue()))) listed.insert(std::move(id));
  }
  std::vector<std::string> gone;
  std::set_difference(known_.begin(), known_.end(), listed.begin(), listed.end(), std::back_inserter(gone));
  bool is_changed = false;
  for (const std::string& id : gone) is_changed |= erase(id);
  for (const std::string& id : listed) look(id);
  return is_changed;
}

bool DockerInventory::on_event(const DockerEvent& event) {
  if (event.what == DockerEvent::What::kNothing || (!event.is_labelled && !known_.contains(event.container)))
    return false;
  if (event.what == DockerEvent::What::kGone) return erase(event.container);
  look(event.container);
  auto found = containers_.find(event.container);
  if (event.what != DockerEvent::What::kStopped || found == containers_.end()) return false;
  return std::exchange(found->second.is_running, false);
}

std::optional<std::string> DockerInventory::next() {
  if (asked_ || open_.empty()) return std::nullopt;
  asked_ = std::move(open_.front());
  open_.pop_front();
  return asked_;
}

bool DockerInventory::on_inspected(const std::optional<JsonValue>& inspected) {
  if (!asked_) return false;
  std::string id = *std::exchange(asked_, std::nullopt);
  bool is_old = std::find(open_.begin(), open_.end(), id) != open_.end() || !known_.contains(id);
  if (is_old) return false;
  if (!inspected) return erase(id);
  DockerContainer container = read_container(*inspected);
  container.id = id;
  auto [found, is_new] = containers_.try_emplace(id);
  if (!is_new && found->second == container) return false;
  found->second = std::move(container);
  return true;
}

void DockerInventory::look(const std::string& id) {
  known_.insert(id);
  if (std::find(open_.begin(), open_.end(), id) == open_.end()) open_.push_back(id);
}

bool DockerInventory::erase(const std::string& id) {
  known_.erase(id);
  std::erase(open_, id);
  return containers_.erase(id) != 0;
}
}  // namespace heddle
