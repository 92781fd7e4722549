#include "proxy/watch/config_source.h"

namespace heddle {
std::string_view to_text(WatchState state) noexcept {
  switch (state) {
    case WatchState::kIdle:
      return "idle";
    case WatchState::kConnecting:
      return "connecting";
    case WatchState::kSyncing:
      return "syncing";
    case WatchState::kLive:
      return "live";
    case WatchState::kBackoff:
      return "backoff";
  }
  return "unknown";
}
}  // namespace heddle
