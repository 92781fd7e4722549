// Buffer: a move-only chain of slices of pooled blocks. Bytes are moved between buffers, not copied. Belongs to the
// loop of its pool. A moved-from buffer is empty and usable.
#pragma once
#include <cstddef>
#include <string>

#include "lib/base/block_pool.h"

namespace heddle {
class Buffer {
 public:
  explicit Buffer(BlockPool& pool) : pool_(&pool) {}
  Buffer(BlockPool& pool, std::string_view text) : pool_(&pool) { append(as_bytes(text)); }
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { clear(); }

  // From this many bytes on share() and take() pin the block; less is copied, so that a few bytes never hold 16 KiB.
  static constexpr size_t kShareFrom = 2048;
  // A body that comes in pieces does not hold a block for each of them, unless they fill half of it.
  static constexpr size_t kJoinUpTo = 1000;

  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  BlockPool& pool() const noexcept { return *pool_; }

  void append(Bytes);  // copies
  void append(std::string_view text) { append(as_bytes(text)); }
  // Splices: no copy, but of up to kJoinUpTo bytes that fit into the last block. `other` must be of the same pool.
  void append(Buffer&& other);
  void prepend(std::string_view text);  // copies into a block of its own
  void clear() noexcept;
  void consume(size_t n) noexcept;              // n <= size()
  Buffer take(size_t n);                        // the first n bytes leave this buffer; no copy of whole slices
  Buffer share(size_t offset, size_t n) const;  // a second view of the same bytes; zero copy from kShareFrom on

  // Write in place: reserve() gives at least min(n, one large block) contiguous bytes at the end, commit() keeps the
  // first k of them. Nothing else may be called in between.
  MutableBytes reserve(size_t n);
  void commit(size_t k) noexcept;
  // Appends a whole block that the caller filled itself (reads); takes over the caller's reference.
  void append_block(Block* block, size_t offset, size_t length);

  Bytes front() const noexcept;                        // the first slice; empty when the buffer is
  size_t slices(std::span<Bytes> out) const noexcept;  // for writev: how many were filled in
  size_t copy_to(MutableBytes out) const noexcept;     // up to out.size() bytes from the start
  // Makes the first n bytes contiguous (copying only if they are not) and returns them. n <= size(), one large block.
  Bytes linearize(size_t n);
  std::string to_string() const;

  // Whole blocks pinned, in bytes: what the marks and the memory formula count.
  size_t capacity_held() const noexcept;

 private:
  MutableBytes room_at_end() const noexcept;
  void push_slice(Block* block, uint32_t offset, uint32_t length);
  void pop_front() noexcept;
  static BlockSize size_for(size_t n) noexcept;
  BlockPool* pool_;
  Slice* head_ = nullptr;
  Slice* tail_ = nullptr;
  size_t size_ = 0;
};
}  // namespace heddle
