#include "lib/routing/host_index.h"

namespace heddle {
bool HostIndex::add(std::string_view name, uint32_t number) { return names_.emplace(name, number).second; }

std::optional<uint32_t> HostIndex::find(std::string_view host) const noexcept {
  if (host.ends_with('.')) host.remove_suffix(1);
  auto it = names_.find(host);
  if (it == names_.end()) return std::nullopt;
  return it->second;
}
}  // namespace heddle
