// What apply, diff and plan send: the resources of files and, with --prune, the names of what is deleted beside them:
// all that the control plane has in the namespace, by the labels, and no file has. It is listed at one version; the
// change must be made of that version, so that nobody's new resource is deleted unseen.
#pragma once
#include "cli/commands/commands.h"

namespace heddle {
struct ChangeBody {
  std::string json;
  std::optional<Version> seen{};  // with --prune: what was listed
};
// kConfigInvalid: every problem of the files; or --prune would delete all that it may, since no file has anything of
// it. kConflict: the mesh changes faster than it can be listed.
Result<ChangeBody> read_change_body(const FileOptions&, CommandContext&);

// What is to be expected of the mesh: what the author said, or what was listed. kConflict when both differ.
Result<std::optional<Version>> expected_of(const std::optional<Version>& said, const ChangeBody&);
}  // namespace heddle
