// DockerInventory: which containers there are and which of them must be looked at again, from lists, events and
// inspections in whatever order they come: an answer that was asked for before an event of its container is old, and is
// asked for again. Pure; one inspection at a time.
#pragma once
#include <deque>
#include <optional>
#include <set>

#include "control/docker/docker_container.h"

namespace heddle {
class DockerInventory {
 public:
  using Containers = std::map<std::string, DockerContainer, std::less<>>;  // by id
  // The answer of GET /containers/json?all=true: who is not in it is gone, each labelled one is to be inspected.
  // Whether something changed at once.
  bool on_list(const JsonValue& list);
  bool on_event(const DockerEvent&);
  // Which one to inspect now; empty: nothing is open.
  std::optional<std::string> next();
  // Of the one that next() named. Nothing: the engine does not know it any more.
  bool on_inspected(const std::optional<JsonValue>& inspected);
  // The engine could not say: what is known of it stands.
  void on_not_said() { asked_.reset(); }
  // A new conversation: an answer that is not there yet never comes.
  void forget_asked() { asked_.reset(); }

  bool is_complete() const noexcept { return is_listed_ && open_.empty() && !asked_; }
  const Containers& containers() const noexcept { return containers_; }

 private:
  void look(const std::string& id);
  bool erase(const std::string& id);
  Containers containers_;
  std::set<std::string> known_;  // labelled, seen or to be seen
  std::deque<std::string> open_;
  std::optional<std::string> asked_;
  bool is_listed_ = false;
};
}  // namespace heddle
