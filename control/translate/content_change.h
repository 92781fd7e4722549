// ContentChange: what became of one view in the next, where that changed no scope's membership: endpoints came and
// went, but every resource refers to what it referred to, and none is new or gone. Then a scope that holds none of the
// changed resources is what it was, and need not be made anew: of ten thousand sidecars those that want the service
// count. Pure; the keys live as long as the newer view.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "control/translate/node_view.h"

namespace heddle {
inline constexpr size_t kMaxContentChange = 16;  // beyond, all is made anew

// Key texts of backend sets whose content changed. Nothing: scopes may have changed in any way.
std::optional<std::vector<std::string_view>> content_change(const View& before, const View& after);

// Whether the set holds one of them.
bool holds_any(const ScopeSet&, const std::vector<std::string_view>& key_texts);
}  // namespace heddle
