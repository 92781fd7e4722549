// Checks of the bootstrap that need more than one key: what does not fit together, and what the operating system would
// refuse whatever the machine. Fills in the SPIFFE ids that follow from other keys. Pure; used by parse_bootstrap().
#pragma once
#include "lib/base/json_reader.h"
#include "proxy/app/settings.h"

namespace heddle {
// When everything was read; problems go to root's list.
void check_together(JsonObject& root, Settings&);
}  // namespace heddle
