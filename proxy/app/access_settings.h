// The access log as the settings ask for it: its policy and where its lines go.
#pragma once
#include <memory>

#include "lib/base/fd_writer.h"
#include "proxy/app/settings.h"
#include "proxy/telemetry/access_log.h"

namespace heddle {
AccessLogPolicy access_policy(const AccessLogSettings&);
Result<std::unique_ptr<FdWriter>> open_access_log(const AccessLogSettings&);
}  // namespace heddle
