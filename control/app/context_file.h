// AdminContextFile: the operator's <data>/admin.context over the control plane's life: made at the start, where the
// token is tried for until the store confirms it, and written anew when the roots are others. Control loop; make() runs
// it.
#pragma once
#include <functional>

#include "control/app/admin_context.h"
#include "lib/base/log.h"
#include "lib/base/random.h"
#include "lib/event/loop.h"

namespace heddle {
class AdminContextFile {
 public:
  struct Parts {
    std::string path;
    SpiffeId control;
    std::function<Address()> api;
    std::function<DomainRoots::Ptr()> roots;
    Ledger& ledger;
    AuditSink& audit;
    Loop& loop;
    Random& random;
    Logger log;
  };
  explicit AdminContextFile(Parts parts) : parts_(std::move(parts)) {}
  Result<void> make();
  Result<void> rewrite();

 private:
  AdminContextParts content(const DomainRoots&) const;
  void note(AdminContextState);
  Parts parts_;
};
}  // namespace heddle
