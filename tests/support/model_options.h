// How much of a model-based test runs, from the environment:
//   HEDDLE_MODEL_SEED=<number>   only this seed, as a failure printed it
//   HEDDLE_MODEL_SEEDS=<count>   so many seeds more than the two of every run: 1001, 1002, ...
//   HEDDLE_MODEL_KILLS=<count>   points at which a writer is killed
#pragma once
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "lib/base/strings.h"

namespace heddle {
inline std::optional<uint64_t> model_option(const char* name) {
  const char* given = std::getenv(name);
  return given == nullptr ? std::nullopt : parse_int<uint64_t>(given);
}

inline std::vector<uint64_t> model_seeds() {
  constexpr uint64_t kFirstMore = 1001;
  if (std::optional<uint64_t> one = model_option("HEDDLE_MODEL_SEED")) return {*one};
  std::vector<uint64_t> out = {1, 2};
  uint64_t more = model_option("HEDDLE_MODEL_SEEDS").value_or(0);
  for (uint64_t i = 0; i < more; ++i) out.push_back(kFirstMore + i);
  return out;
}
}  // namespace heddle
