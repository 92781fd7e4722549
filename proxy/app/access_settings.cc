#include "proxy/app/access_settings.h"

#include <unistd.h>

namespace heddle {

AccessLogPolicy access_policy(const AccessLogSettings& settings) {
  switch (settings.mode) {
    case AccessLogSettings::Mode::kOff:
      return {AccessLogPolicy::Mode::kOff, 1};
    case AccessLogSettings::Mode::kErrors:
      return {AccessLogPolicy::Mode::kErrors, 1};
    case AccessLogSettings::Mode::kAll:
      return {AccessLogPolicy::Mode::kAll, 1};
    case AccessLogSettings::Mode::kSample:
      return {AccessLogPolicy::Mode::kSample, settings.sample};
  }
  return {};
}

Result<std::unique_ptr<FdWriter>> open_access_log(const AccessLogSettings& settings) {
  if (settings.file == "-") return std::make_unique<FdWriter>(STDOUT_FILENO);
  return FdWriter::open_file(settings.file);
}
}  // namespace heddle
