// SidecarClient: one question to a sidecar's admin (docs/operations.md): plain HTTP over its Unix socket, which its
// mode protects, or over loopback with the token of its state directory. Runs the loop inside ask(): for a process that
// does nothing else. The token is in no message.
#pragma once
#include "cli/control_api.h"
#include "cli/options.h"
#include "lib/event/loop.h"

namespace heddle {
// kUnavailable: nobody answers there. What the sidecar refuses is a reply with a status.
Result<ApiReply> ask_sidecar(Loop&, const LiveOptions&, const ApiRequest&);
}  // namespace heddle
