// Injection: a pod, and what its namespace says -> the pod with its sidecar, or why not. Pure and idempotent: a pod
// that has one is left as it is. Used by the webhook and by `heddle inject`; docs/injection.md says what is added and
// why.
#pragma once
#include "lib/inject/sidecar_parts.h"

namespace heddle {
enum class InjectResult : uint8_t {
  kInjected,
  kNotAsked,         // neither namespace nor pod has the label heddle.dev/inject: enabled
  kDisabled,         // the pod's own label or annotation says disabled
  kAlreadyInjected,  // there is a container heddle-proxy
  kHostNetwork,      // its connections are the node's
  kRefused,          // asked for, and not possible: the pod must not start without its sidecar
};
std::string_view to_text(InjectResult) noexcept;  // "injected", "not-asked", ...: for metrics and events

struct Injection {
  InjectResult result = InjectResult::kNotAsked;
  JsonValue pod;                      // as it came, unless it was injected
  std::vector<std::string> problems;  // kRefused
  std::vector<std::string> warnings;
};

struct InjectInput {
  JsonValue pod;               // metadata and spec: a Pod, or the template of a workload
  JsonValue namespace_object;  // null: nothing is known of it (offline)
  bool is_asked_for = false;   // `heddle inject`: whoever runs it asks
};
Injection inject(const InjectInput&, const InjectSettings&);
// Takes out what inject() put in, and turns probes back.
JsonValue uninject(const JsonValue& pod);
}  // namespace heddle
