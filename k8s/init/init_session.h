// InitSession: what heddle-init does in one run: install, check, remove or print. Says what it did on standard output;
// an error is one sentence and the next step, and the rules stay as they are.
#pragma once
#include <cstdio>
#include <string>
#include <vector>

#include "k8s/init/options.h"
#include "k8s/init/rule_loader.h"

namespace heddle {
class InitSession {
 public:
  // `out`: the caller's, outlives this.
  InitSession(InitOptions, bool kernel_has_ipv6, std::FILE* out);
  Result<void> run();

 private:
  Result<void> install();
  Result<void> check();
  Result<void> check(RuleLoader&);
  Result<void> remove();
  Result<void> remove_others(const RuleLoader& kept);
  void print();
  std::vector<RuleLoader*> of_mode();
  void say(const std::string& line);
  InitOptions options_;
  RuleLoaders loaders_;
  std::FILE* out_;
};
}  // namespace heddle
