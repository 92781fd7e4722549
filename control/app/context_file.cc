#include "control/app/context_file.h"

#include "control/api/access_token.h"
#include "control/app/etcd_backend.h"
#include "control/app/start_tries.h"
#include "control/app/wait_for.h"

namespace heddle {
AdminContextParts AdminContextFile::content(const DomainRoots& roots) const {
  return {parts_.path, parts_.api(), parts_.control, roots, parts_.ledger, parts_.audit, parts_.loop.wall()};
}

Result<void> AdminContextFile::make() {
  DomainRoots::Ptr roots = parts_.roots();
  AdminContextParts parts = content(*roots);
  parts.new_token = new_access_token();
  auto attempt = [this, &parts] {
    return wait_for<AdminContextState>(
        parts_.loop, [&parts](OnAdminContext done) { return write_admin_context(parts, std::move(done)); });
  };
  StartTries tries(parts_.loop, parts_.random, parts_.log, EtcdBackend::kPatience);
  HEDDLE_TRY(AdminContextState state, tries.get<AdminContextState>("the admin's token", attempt));
  note(state);
  return {};
}

Result<void> AdminContextFile::rewrite() {
  DomainRoots::Ptr roots = parts_.roots();
  HEDDLE_TRY(AdminContextState state, rewrite_admin_context(content(*roots)));
  note(state);
  return {};
}

void AdminContextFile::note(AdminContextState state) {
  if (state == AdminContextState::kMade) parts_.log.info("made the admin token", {{"file", parts_.path}});
  if (state == AdminContextState::kMissing) {
    parts_.log.info("an admin token exists, but not in its file: the file is not written", {{"file", parts_.path}});
  }
}
}  // namespace heddle
