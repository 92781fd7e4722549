// Asks a Kubernetes API server a list of questions, for `heddle check --pre`. Runs the loop inside: for a process that
// does nothing else. Found as kubectl finds it: what the options say, else $KUBECONFIG, else ~/.kube/config, else the
// pod it runs in.
#pragma once
#include <vector>

#include "cli/pre_check.h"
#include "lib/event/loop.h"

namespace heddle {
// One answer for each question; an Error: no such server is known.
Result<std::vector<ClusterAnswer>> ask_cluster(Loop&, const PreCheckOptions&, const std::vector<ApiRequest>&,
                                               Duration deadline);
}  // namespace heddle
