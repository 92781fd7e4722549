// The HTTP/2 entry of the codec contract. Its clock moves by itself, so that the second step of going away comes due.
#pragma once
#include "tests/support/codec_pair.h"

namespace heddle {
const CodecPairFactory& http2_pair();
}  // namespace heddle
