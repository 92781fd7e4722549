#include "control/ca/audit_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Result<UniqueFd> open_append(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kPrivateFile));
  if (file) return file;
  return make_error(Reason::kIo, str_cat(path, ": ", std::strerror(errno)));
}
}  // namespace

Result<std::unique_ptr<AuditFile>> AuditFile::open(std::string path, Logger log) {
  HEDDLE_TRY(UniqueFd file, open_append(path));
  return std::make_unique<AuditFile>(std::move(path), std::move(file), log);
}

void AuditFile::write_line(std::string_view line) {
  std::string text = str_cat(line, "\n");
  ssize_t written = ::write(file_.get(), text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) return;
  log_.limited(LogLevel::kError, {"audit-lost", 1}, "an audit line was lost",
               {{"file", path_}, {"error", written < 0 ? std::strerror(errno) : "the disk is full"}});
}

void AuditFile::reopen() {
  Result<UniqueFd> file = open_append(path_);
  if (file) {
    file_ = *std::move(file);
  } else {
    log_.error("the audit log stays at the old file", {{"error", file.error()}});
  }
}
}  // namespace heddle
