// What `heddle check --pre` asks a Kubernetes API server, and what it makes of the answers: findings as `heddle check`
// has them. Pure; cluster_client.h asks.
#pragma once
#include <string>
#include <vector>

#include "cli/check_rules.h"
#include "cli/control_api.h"
#include "cli/options.h"

namespace heddle {
struct ClusterAnswer {
  uint16_t code = 0;  // 0: there is none
  JsonValue body{};   // of a code below 300
  std::string problem{};
  bool ok() const noexcept { return code >= 200 && code < 300; }
};

std::vector<ApiRequest> pre_questions(const PreCheckOptions&);
// One answer for each question, in their order.
std::vector<Finding> pre_findings(const PreCheckOptions&, const std::vector<ClusterAnswer>&);
}  // namespace heddle
