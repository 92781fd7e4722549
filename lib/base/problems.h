// Problems: everything that is wrong with one input, not only the first thing. Each has the path of the field and
// what was expected. Bounded: after kMaxProblems only the count grows. Pure value.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace heddle {
struct Problem {
  std::string path;  // "spec.rules[0].matches[1].path.value"; empty for the whole
  std::string message;
  std::string text() const;  // "path: message"
  bool operator==(const Problem&) const = default;
};

// Told each field that a reader asks for, present or not. For tests that hold the field table to the parsers.
class FieldObserver {
 public:
  virtual ~FieldObserver() = default;
  virtual void asked(const std::string& path) = 0;
};

class Problems {
 public:
  static constexpr size_t kMaxProblems = 1000;
  void add(std::string path, std::string message);
  bool empty() const noexcept { return total_ == 0; }
  size_t total() const noexcept { return total_; }
  const std::vector<Problem>& items() const noexcept { return items_; }
  // kUnsupported when everything that is wrong is unsupported, else kConfigInvalid.
  Reason reason() const noexcept;
  void add_unsupported(std::string path, std::string message);
  std::string text() const;  // one problem per line
  Error to_error() const;    // text() with reason(); only when not empty
  // Must outlive what reads; nullptr, as everywhere but in tests: nobody.
  void observe_fields(FieldObserver* observer) noexcept { observer_ = observer; }
  FieldObserver* observer() const noexcept { return observer_; }

 private:
  std::vector<Problem> items_;
  size_t total_ = 0;
  size_t unsupported_ = 0;
  FieldObserver* observer_ = nullptr;
};
}  // namespace heddle
