#include "control/app/start_tries.h"

#include "lib/base/strings.h"

namespace heddle {
Error StartTries::late(std::string_view what, const Error& why) const {
  return make_error(Reason::kUnavailable,
                    str_cat("did not give ", what, " within ", format_duration(patience_), ": ", why.detail));
}

bool StartTries::pause(std::string_view what, const Error& why, Duration time) {
  log_.warn("waiting for the store", {{"for", what}, {"problem", why}});
  bool is_over = false;
  std::unique_ptr<Timer> timer = loop_.timer([&is_over] { is_over = true; });
  timer->arm(time);
  loop_.run_until([&is_over] { return is_over; });
  return !loop_.was_stopped();
}
}  // namespace heddle
