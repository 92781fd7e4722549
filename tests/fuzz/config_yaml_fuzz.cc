// Resources in YAML, as people write them.
#include "tests/fuzz/config.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
HEDDLE_FUZZ_TARGET(config_yaml, input) { expect_config(input, "input.yaml"); }
}  // namespace heddle::fuzz
