// AccessRing: access records on their way from one worker to the LogWriter's thread, which owns it.
#pragma once
#include "proxy/telemetry/access_record.h"
#include "proxy/telemetry/record_ring.h"

namespace heddle {
using AccessRing = RecordRing<AccessRecord>;
}  // namespace heddle
