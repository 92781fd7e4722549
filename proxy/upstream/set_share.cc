#include "proxy/upstream/set_share.h"

#include "lib/base/strings.h"
#include "lib/config/effective_backend_set.h"

namespace heddle {
namespace {
std::string count_text(const LevelHealth& all) {
  return str_cat(std::to_string(all.healthy), " of ", std::to_string(all.present), " healthy");
}

std::string subset_text(const BackendSetSpec& set, const LevelHealth& all) {
  std::string labels = in_quotes(labels_text(set.subset->labels));
  if (set.endpoints.empty()) return str_cat("no endpoint of ", set.subset->parent, " has the labels ", labels);
  return str_cat("endpoints of ", set.subset->parent, " with the labels ", labels, ": ", count_text(all));
}
}  // namespace

std::string absence_text(const BackendSetSpec& set, const SetHealth& health) {
  std::string out;
  uint32_t wanted = set.lb.shape.min_healthy;
  bool is_short = wanted != 0 && !health.is_usable && health.all.present != 0;
  if (is_short) {
    out = str_cat("minimum healthy share: ", count_text(health.all), ", ", std::to_string(wanted), " % wanted");
  }
  if (is_subset(set)) out.append(out.empty() ? "" : "; ").append(subset_text(set, health.all));
  if (out.size() > kMaxAbsenceText) out.resize(kMaxAbsenceText);
  return out;
}
}  // namespace heddle
