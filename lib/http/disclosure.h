// ReasonDisclosure: whether an answer that Heddle makes itself says why (`heddle-reason`, the hint in the text).
// Decided once per connection by whoever serves it (RequestHandler::disclosure) and handed to everything that makes
// answers there: codecs and exchanges. A plain value.
#pragma once
#include <cstdint>

namespace heddle {
// Our own application and authenticated peers of the mesh are told the name, nobody else anything (design §1.3).
enum class ReasonDisclosure : uint8_t { kNone, kName };
}  // namespace heddle
