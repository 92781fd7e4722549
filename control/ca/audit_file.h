// AuditFile: the audit log as a file: opened for append with mode 0600, one write per line, so lines of a crash are
// whole or absent and survive a kill of the process. Control loop; a write is a few microseconds into the page cache.
// A line that cannot be written is said in the process's log: an audit that fails must not stop renewals.
#pragma once
#include <memory>

#include "control/ca/audit.h"
#include "lib/base/log.h"
#include "lib/base/unique_fd.h"

namespace heddle {
class AuditFile final : public AuditSink {
 public:
  static Result<std::unique_ptr<AuditFile>> open(std::string path, Logger log);
  void write_line(std::string_view line) override;
  // After log rotation; the old file stays when the new one cannot be had.
  void reopen();

  AuditFile(std::string path, UniqueFd file, Logger log) : path_(std::move(path)), file_(std::move(file)), log_(log) {}

 private:
  std::string path_;
  UniqueFd file_;
  Logger log_;
};
}  // namespace heddle
