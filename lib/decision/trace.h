// Trace: why a decision came out as it did, step by step, for `explain` and `plan`. The request path passes none, and
// then nothing is formatted or allocated.
#pragma once
#include <string>
#include <vector>

namespace heddle {
struct TraceStep {
  std::string what;    // "HTTPRoute default/hello rule 2"
  std::string result;  // "header differs", "matches"
};

class Trace {
 public:
  void add(std::string what, std::string result) { steps_.push_back({std::move(what), std::move(result)}); }
  const std::vector<TraceStep>& steps() const noexcept { return steps_; }
  std::string text() const;  // "what: result", one per line

 private:
  std::vector<TraceStep> steps_;
};
}  // namespace heddle
