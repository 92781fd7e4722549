#include "lib/decision/trace.h"

#include "lib/base/strings.h"

namespace heddle {
std::string Trace::text() const {
  std::string out;
  for (const TraceStep& step : steps_) {
    if (!out.empty()) out.push_back('\n');
    out.append(str_cat(step.what, ": ", step.result));
  }
  return out;
}
}  // namespace heddle
