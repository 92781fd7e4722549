// Service.spec.visibility: to whom the control plane sends a service. One rule for translation and for `explain`. Pure,
// allocation-free.
#pragma once
#include "certs/spiffe_id.h"
#include "lib/config/model.h"

namespace heddle {
// Whether the sidecar with this identity may see the service: every sidecar, those of the service's namespace, or those
// whose id fits a pattern. That a workload always sees what it serves itself is the caller's to know.
bool is_visible(const ServiceSpec&, const SpiffeId& identity) noexcept;
}  // namespace heddle
