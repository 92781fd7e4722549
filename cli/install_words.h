// The words of install, uninstall, inject, uninject and check --pre. Private to cli/options.cc. Pure.
#pragma once
#include "cli/command_line.h"
#include "cli/options.h"

namespace heddle::detail {
Result<InstallOptions> parse_install_words(const Words&);
Result<UninstallOptions> parse_uninstall_words(const Words&);
Result<InjectOptions> parse_inject_words(const Words&);
Result<UninjectOptions> parse_uninject_words(const Words&);
Result<PreCheckOptions> parse_pre_words(const Words&);
// What goes with --pre alone.
Result<void> refuse_kube_words(const Words&);
}  // namespace heddle::detail
