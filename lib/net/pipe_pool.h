// PipePool: the kernel pipes that SpliceTunnels of one loop borrow while bytes are in them. At most kMost exist; when
// none is free the borrower copies instead. Owned by the worker; outlives its tunnels; belongs to one loop. An idle
// pipe costs two descriptors, so the pool never grows beyond what was in use at once.
#pragma once
#include <optional>
#include <vector>

#include "lib/base/unique_fd.h"

namespace heddle {
class PipePool {
 public:
  static constexpr size_t kMost = 64;
  static constexpr int kCapacity = 256 * 1024;  // asked for; the kernel may give less
  struct Pipe {
    UniqueFd out;  // read end
    UniqueFd in;   // write end
  };
  explicit PipePool(size_t most = kMost) : most_(most) {}
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;

  std::optional<Pipe> borrow();
  // Only an empty pipe may be given back; one with bytes in it is dropped.
  void give_back(Pipe);
  void drop(Pipe);
  size_t in_use() const noexcept { return made_ - free_.size(); }

 private:
  size_t most_;
  size_t made_ = 0;
  std::vector<Pipe> free_;
};
}  // namespace heddle
