#include "lib/base/buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "lib/base/assert.h"

namespace heddle {
namespace {
// append() fills up a block that has at least this much room; less is left behind rather than make a tiny slice.
constexpr size_t kFillFrom = 512;

constexpr size_t payload_of(BlockSize size) { return BlockPool::kBytes[static_cast<size_t>(size)] - sizeof(Block); }
}  // namespace

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(other.pool_),
      head_(std::exchange(other.head_, nullptr)),
      tail_(std::exchange(other.tail_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this == &other) return *this;
  clear();
  pool_ = other.pool_;
  head_ = std::exchange(other.head_, nullptr);
  tail_ = std::exchange(other.tail_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

BlockSize Buffer::size_for(size_t n) noexcept {
  if (n <= payload_of(BlockSize::kSmall)) return BlockSize::kSmall;
  if (n <= payload_of(BlockSize::kMedium)) return BlockSize::kMedium;
  return BlockSize::kLarge;
}

void Buffer::push_slice(Block* block, uint32_t offset, uint32_t length) {
  Slice* slice = pool_->acquire_slice();
  *slice = Slice{nullptr, block, offset, length};
  if (tail_ == nullptr) {
    head_ = slice;
  } else {
    tail_->next = slice;
  }
  tail_ = slice;
  size_ += length;
}

void Buffer::pop_front() noexcept {
  Slice* slice = head_;
  head_ = slice->next;
  if (head_ == nullptr) tail_ = nullptr;
  BlockPool::release(slice->block);
  pool_->release_slice(slice);
}

void Buffer::clear() noexcept {
  while (head_ != nullptr) pop_front();
  size_ = 0;
}

MutableBytes Buffer::room_at_end() const noexcept {
  if (tail_ == nullptr) return {};
  Block* block = tail_->block;
  if (tail_->offset + tail_->length != block->filled) return {};  // another buffer appended behind us
  return {block->payload() + block->filled, block->capacity - block->filled};
}

MutableBytes Buffer::reserve(size_t n) {
  MutableBytes room = room_at_end();
  if (!room.empty() && room.size() >= std::min(n, payload_of(BlockSize::kLarge))) return room;
  Block* block = pool_->acquire(size_for(n));
  push_slice(block, 0, 0);
  return {block->payload(), block->capacity};
}

void Buffer::commit(size_t k) noexcept {
  HEDDLE_ASSERT(tail_ != nullptr && tail_->block->filled + k <= tail_->block->capacity);
  tail_->length += static_cast<uint32_t>(k);
  tail_->block->filled += static_cast<uint32_t>(k);
  size_ += k;
}

void Buffer::append(Bytes bytes) {
  while (!bytes.empty()) {
    MutableBytes room = room_at_end();
    if (room.size() < std::min(bytes.size(), kFillFrom)) room = reserve(bytes.size());
    size_t n = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), n);
    commit(n);
    bytes = bytes.subspan(n);
  }
}

void Buffer::append(Buffer&& other) {
  if (other.head_ == nullptr) return;
  HEDDLE_ASSERT(pool_ == other.pool_ && this != &other);
  if (other.size_ <= kJoinUpTo && room_at_end().size() >= other.size_) {
    for (Slice* slice = other.head_; slice != nullptr; slice = slice->next) {
      append(Bytes{slice->block->payload() + slice->offset, slice->length});
    }
    return other.clear();
  }
  if (tail_ == nullptr) {
    head_ = other.head_;
  } else {
    tail_->next = other.head_;
  }
  tail_ = other.tail_;
  size_ += other.size_;
  other.head_ = other.tail_ = nullptr;
  other.size_ = 0;
}

void Buffer::prepend(std::string_view text) {
  Buffer front(*pool_, text);
  front.append(std::move(*this));
  *this = std::move(front);
}

void Buffer::append_block(Block* block, size_t offset, size_t length) {
  block->filled = std::max(block->filled, static_cast<uint32_t>(offset + length));
  push_slice(block, static_cast<uint32_t>(offset), static_cast<uint32_t>(length));
}

void Buffer::consume(size_t n) noexcept {
  HEDDLE_ASSERT(n <= size_);
  size_ -= n;
  while (n > 0) {
    if (n < head_->length) {
      head_->offset += static_cast<uint32_t>(n);
      head_->length -= static_cast<uint32_t>(n);
      return;
    }
    n -= head_->length;
    pop_front();
  }
  if (size_ == 0) clear();  // slices that were reserved and never filled
}

Buffer Buffer::take(size_t n) {
  HEDDLE_ASSERT(n <= size_);
  Buffer out(*pool_);
  while (n > 0 && head_->length <= n) {
    Slice* slice = head_;
    head_ = slice->next;
    if (head_ == nullptr) tail_ = nullptr;
    slice->next = nullptr;
    (out.tail_ == nullptr ? out.head_ : out.tail_->next) = slice;
    out.tail_ = slice;
    out.size_ += slice->length;
    size_ -= slice->length;
    n -= slice->length;
  }
  if (n > 0) {
    Bytes part = front().first(n);
    if (n >= kShareFrom) {
      BlockPool::add_reference(head_->block);
      out.push_slice(head_->block, head_->offset, static_cast<uint32_t>(n));
    } else {
      out.append(part);
    }
    consume(n);
  }
  return out;
}

Buffer Buffer::share(size_t offset, size_t n) const {
  HEDDLE_ASSERT(offset + n <= size_);
  Buffer out(*pool_);
  for (Slice* slice = head_; n > 0; slice = slice->next) {
    if (offset >= slice->length) {
      offset -= slice->length;
      continue;
    }
    size_t part = std::min<size_t>(n, slice->length - offset);
    if (part >= kShareFrom) {
      BlockPool::add_reference(slice->block);
      out.push_slice(slice->block, slice->offset + static_cast<uint32_t>(offset), static_cast<uint32_t>(part));
    } else {
      out.append(Bytes{slice->block->payload() + slice->offset + offset, part});
    }
    n -= part;
    offset = 0;
  }
  return out;
}

Bytes Buffer::front() const noexcept {
  for (Slice* slice = head_; slice != nullptr; slice = slice->next) {
    if (slice->length > 0) return {slice->block->payload() + slice->offset, slice->length};
  }
  return {};
}

size_t Buffer::slices(std::span<Bytes> out) const noexcept {
  size_t count = 0;
  for (Slice* slice = head_; slice != nullptr && count < out.size(); slice = slice->next) {
    if (slice->length > 0) out[count++] = Bytes{slice->block->payload() + slice->offset, slice->length};
  }
  return count;
}

size_t Buffer::copy_to(MutableBytes out) const noexcept {
  size_t done = 0;
  for (Slice* slice = head_; slice != nullptr && done < out.size(); slice = slice->next) {
    size_t n = std::min<size_t>(slice->length, out.size() - done);
    std::memcpy(out.data() + done, slice->block->payload() + slice->offset, n);
    done += n;
  }
  return done;
}

Bytes Buffer::linearize(size_t n) {
  HEDDLE_ASSERT(n <= size_ && n <= payload_of(BlockSize::kLarge));
  if (front().size() >= n) return front().first(n);
  Block* block = pool_->acquire(size_for(n));
  copy_to({block->payload(), n});
  consume(n);
  Buffer joined(*pool_);
  joined.append_block(block, 0, n);
  joined.append(std::move(*this));
  *this = std::move(joined);
  return front().first(n);
}

std::string Buffer::to_string() const {
  std::string out(size_, '\0');
  copy_to(std::as_writable_bytes(std::span(out)));
  return out;
}

size_t Buffer::capacity_held() const noexcept {
  size_t total = 0;
  const Block* last = nullptr;  // neighbouring slices of one block count once
  for (Slice* slice = head_; slice != nullptr; slice = slice->next) {
    if (slice->block != last) total += BlockPool::kBytes[static_cast<size_t>(slice->block->size)];
    last = slice->block;
  }
  return total;
}
}  // namespace heddle
