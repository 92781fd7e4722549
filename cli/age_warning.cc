#include "cli/age_warning.h"

#include <utility>

#include "cli/table.h"
#include "lib/base/strings.h"

namespace heddle {
Result<ApiReply> AgeWarning::call(const ApiRequest& request) {
  Result<ApiReply> reply = below_.call(request);
  bool is_old = reply.has_value() && reply->age.has_value();
  if (!is_old || std::exchange(has_warned_, true)) return reply;
  err_ << "warning: what is shown may be old: the control plane's store last confirmed it "
       << format_duration(*reply->age) << " ago (" << printable(reply->stale_since) << "); see `heddle status`\n";
  return reply;
}
}  // namespace heddle
