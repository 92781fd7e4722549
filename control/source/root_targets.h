// RootTargets: which namespaces are to have the ConfigMap with the roots that sidecars trust, and which of them have it
// not or not as it should be. A namespace is to have it when it is labelled for injection or one of its pods is. Pure.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "lib/base/clock.h"
#include "lib/base/json.h"

namespace heddle {
inline constexpr std::string_view kRootConfigMap = "heddle-root";
inline constexpr std::string_view kRootFile = "root.pem";
inline constexpr std::string_view kInjectLabel = "heddle.dev/inject";

class RootTargets {
 public:
  // PEM; empty: not known yet, and nothing is due.
  void use(std::string roots) { roots_ = std::move(roots); }
  const std::string& roots() const noexcept { return roots_; }
  // Objects of the API, as watches tell them.
  void put_namespace(const std::string& name, const JsonValue& object);
  void remove_namespace(const std::string& name) { labelled_.erase(name), postponed_.erase(name); }
  void put_pod(const std::string& ns, const std::string& name) { pods_[ns].insert(name); }
  void remove_pod(const std::string& ns, const std::string& name);
  void put_config_map(const std::string& ns, const JsonValue& object);
  void remove_config_map(const std::string& ns) { there_.erase(ns); }

  // A namespace to write to now.
  std::optional<std::string> due(MonoTime now) const;
  void written(const std::string& ns, std::string roots);
  void postpone(const std::string& ns, MonoTime until) { postponed_[ns] = until; }

 private:
  bool is_wanted(const std::string& ns) const;
  bool is_right(const std::string& ns) const;
  std::string roots_;
  std::map<std::string, bool> labelled_;               // every namespace that does not end: whether it has the label
  std::map<std::string, std::set<std::string>> pods_;  // with the label, by namespace
  std::map<std::string, std::string> there_;           // what the ConfigMap says
  std::map<std::string, MonoTime> postponed_;
};

// The body of a server-side apply.
std::string root_config_map(std::string_view roots);
}  // namespace heddle
