#include "control/plan/cohort.h"

#include <algorithm>

#include "certs/digest.h"
#include "certs/spiffe_id.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string label_of(const NodeKey& key, std::string_view name) {
  if (name == "node") return key.node;
  Result<SpiffeId> id = SpiffeId::parse(key.identity);
  auto workload = id ? id->workload() : std::nullopt;
  if (!workload) return "";
  return std::string(name == "namespace" ? workload->name_space : workload->service_account);
}

bool fits(const RolloutStage& stage, const NodeKey& key) {
  return std::all_of(stage.labels.begin(), stage.labels.end(),
                     [&](const auto& label) { return label_of(key, label.first) == label.second; });
}
}  // namespace

BasisPoints Cohort::place(const NodeKey& key) {
  Sha256Digest digest = sha256(as_bytes(str_cat(key.identity, "\n", key.node)));
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) number = (number << 8) | std::to_integer<uint64_t>(digest[i]);
  return static_cast<BasisPoints>(number % kFullShare);
}

Cohort::Cohort(const RolloutSpec& spec, size_t stage, BasisPoints floor) : share_(floor) {
  for (size_t i = 0; i <= stage && i < spec.stages.size(); ++i) {
    const RolloutStage& one = spec.stages[i];
    if (one.share == 0) by_labels_.push_back(one);
    share_ = std::max(share_, one.share);
  }
}

bool Cohort::contains(const NodeKey& key) const {
  if (share_ == kFullShare || (share_ != 0 && place(key) < share_)) return true;
  return std::any_of(by_labels_.begin(), by_labels_.end(), [&](const RolloutStage& one) { return fits(one, key); });
}
}  // namespace heddle
