#include "cli/crds_text.h"

#include "cli/document_text.h"
#include "lib/config/crd.h"

namespace heddle {
std::string crds_text() {
  std::string out = "# Generated from the field table: heddle schema --crds\n";
  for (Kind kind : crd_kinds()) out.append("---\n").append(to_yaml(crd(kind)));
  return out;
}
}  // namespace heddle
