// Resources written as YAML in tests: parsed exactly as files are. Aborts the test binary on a mistake in the YAML, so
// that tests about refusals hand over only what they mean to be refused.
#pragma once
#include <string_view>
#include <vector>

#include "lib/snapshot/snapshot_builder.h"

namespace heddle {
std::vector<Resource> resources_of(std::string_view yaml);
// The problems of one document's envelope and spec, one per line; empty when it is accepted.
std::string spec_problems_of(std::string_view yaml);
// Everything in the YAML, each by itself; what they get wrong together is for validate().
Model model_of(std::string_view yaml);
// A snapshot of everything in the YAML; aborts when it is refused.
std::shared_ptr<const Snapshot> snapshot_of(std::string_view yaml);

// A Service with one port and a plaintext BackendSet of its name with one endpoint, in the namespace "default".
std::string service_yaml(std::string_view name, uint16_t port = 80);
}  // namespace heddle
