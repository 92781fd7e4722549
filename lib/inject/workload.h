// Injection of what describes pods: Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job,
// CronJob, and Lists of them. Whoever runs it asks for the sidecar; what says disabled itself, or has one, is left as
// it is. What describes no pods goes through unchanged. Pure.
#pragma once
#include "lib/inject/inject.h"

namespace heddle {
struct WorkloadInjection {
  JsonValue object;
  size_t injected = 0;                // pods or templates that got a sidecar
  std::vector<std::string> problems;  // "Deployment web: ..."; then the object is of no use
  std::vector<std::string> warnings;
};
WorkloadInjection inject_workload(const JsonValue& object, const InjectSettings&);
JsonValue uninject_workload(const JsonValue& object);
}  // namespace heddle
