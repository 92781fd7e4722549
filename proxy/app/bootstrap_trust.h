// The part of the bootstrap file that says which other trust domains are believed when the identity comes from files
// (trust.federated). The other identity sources bring them along: from the control plane, from the agent. Pure.
#pragma once
#include "lib/base/json_reader.h"
#include "proxy/app/settings.h"

namespace heddle {
void read_trust(JsonObject& root, Settings&);
// What these keys need of others.
void check_trust(const JsonObject& root, const Settings&);
}  // namespace heddle
