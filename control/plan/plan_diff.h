// PlanDiff: what a change does to the resources: which come, which change and in what fields, which go. Compares two
// views of the store, which share what is the same, so it costs a walk over the keys. Pure.
// Limits: 1,000 resources, 50 fields of each, 200 bytes of each value are told; all are counted.
#pragma once
#include <string>
#include <vector>

#include "control/store/view.h"
#include "lib/config/diff.h"

namespace heddle {
struct PlannedField {
  std::string path;    // "spec.rules[0].backendRefs[0].weight"
  std::string before;  // compact JSON, cut; empty: was not there
  std::string after;
  bool operator==(const PlannedField&) const = default;
};

struct PlannedResource {
  ResourceKey key;
  ChangeKind kind = ChangeKind::kAdded;
  size_t field_count = 0;            // of a change
  std::vector<PlannedField> fields;  // the first of them
};

struct PlanDiff {
  static constexpr size_t kMaxResources = 1000;
  static constexpr size_t kMaxFields = 50;
  static constexpr size_t kMaxValue = 200;  // bytes
  size_t added = 0;
  size_t changed = 0;
  size_t removed = 0;
  std::vector<PlannedResource> resources;  // by key, the first of them
  bool empty() const noexcept { return added + changed + removed == 0; }
};
PlanDiff plan_diff(const View& before, const View& after);
}  // namespace heddle
