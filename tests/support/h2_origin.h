// An HTTP/2 server by hand, as a script of a RawOrigin: frames as a test wants them, no library between.
#pragma once
#include "tests/support/h2_frames.h"
#include "tests/support/raw_origin.h"

namespace heddle {
// Calls `on_request(connection, stream)` for each request and sends what that gives; "" ends the connection.
// Connections count from 0.
RawOrigin::Script h2_origin(std::function<std::string(int connection, uint32_t stream)> on_request);
std::string h2_empty_answer(uint32_t stream);  // 200 without a body
}  // namespace heddle
