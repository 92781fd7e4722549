// AllocationCounter: how often operator new ran since it was made, in all threads. Linking it replaces the global
// operator new of the test binary by a counting one.
#pragma once
#include <cstdint>

namespace heddle {
class AllocationCounter {
 public:
  AllocationCounter();
  uint64_t count() const;

 private:
  uint64_t start_;
};
}  // namespace heddle
