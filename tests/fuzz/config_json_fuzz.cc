// Resources in JSON, as tools write them; and with it the strict JSON reader that everything else uses.
#include "tests/fuzz/config.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
HEDDLE_FUZZ_TARGET(config_json, input) { expect_config(input, "input.json"); }
}  // namespace heddle::fuzz
