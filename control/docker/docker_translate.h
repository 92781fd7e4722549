// Containers -> the resources of the mesh: a Service for each name that containers claim, a BackendSet for each of its
// ports with the containers that are ready, and the policies that its labels say, by the same rules as annotations of a
// Kubernetes Service. Deterministic, total and pure: what is wrong with one container takes out that container alone.
#pragma once
#include "control/cluster/translate.h"
#include "control/docker/docker_claim.h"

namespace heddle {
// A label on which containers of one Service disagree counts for none of them. Containers that run decide; those that
// have stopped only while none does.
Translation translate_containers(const std::vector<DockerContainer>&, const DockerSettings&);
}  // namespace heddle
