#include "cli/progress.h"

namespace heddle {
void Progress::show(std::string_view text) {
  if (!console_.is_watched) return;
  console_.err << "\r\x1b[K" << printable(text.substr(0, kMaxColumns)) << std::flush;
  shown_ = true;
}

void Progress::clear() {
  if (shown_) console_.err << "\r\x1b[K" << std::flush;
  shown_ = false;
}
}  // namespace heddle
