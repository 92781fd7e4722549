// Resources from files: one file, or every *.yaml, *.yml and *.json of a directory in the order of their names (not
// below it). For the proxy's `config: files` and for `heddle apply -f`. Blocking; start-up, reload and command line
// only. `kind: List` is opened up. Every problem of every file is named; nothing is used when there is one.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "lib/api/envelope.h"

namespace heddle {
struct FileProblem {
  std::string file;
  size_t line = 0;       // where the document begins; 0: the whole file
  std::string resource;  // "HTTPRoute default/hello", when that much could be read
  Problem problem;
  std::string text() const;  // routes.yaml:12: HTTPRoute default/hello: spec.rules: is required
};

struct LoadedResources {
  std::vector<Resource> resources;
  std::vector<FileProblem> problems;
  bool ok() const noexcept { return problems.empty(); }
  std::string text() const;  // the problems, one per line
};

// Checks envelopes and specs, one by one (parse.h), and that no key stands twice. References are not checked:
// what is applied may refer to what is there already.
LoadedResources load_resources(const std::string& path, const EnvelopeOptions& = {});
// The same for text that was read already (standard input).
LoadedResources load_resources_text(std::string_view text, const std::string& name, const EnvelopeOptions& = {});
}  // namespace heddle
