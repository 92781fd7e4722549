#include "lib/http/head.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "lib/base/assert.h"

namespace heddle {
namespace {
struct Phrase {
  uint16_t status;
  std::string_view text;
};

constexpr bool by_status(const Phrase& a, const Phrase& b) { return a.status < b.status; }

// RFC 9110 §15 and the IANA registry; sorted.
constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {508, "Loop Detected"},
};
static_assert(std::is_sorted(std::begin(kPhrases), std::end(kPhrases), by_status));
}  // namespace

HeaderMap::HeaderMap(HeaderMap&& other) noexcept
    : pool_(other.pool_),
      block_(std::exchange(other.block_, nullptr)),
      text_used_(std::exchange(other.text_used_, 0)),
      count_(std::exchange(other.count_, 0)),
      list_size_(std::exchange(other.list_size_, 0)) {}

HeaderMap& HeaderMap::operator=(HeaderMap&& other) noexcept {
  if (this == &other) return *this;
  if (block_ != nullptr) BlockPool::release(block_);
  pool_ = other.pool_;
  block_ = std::exchange(other.block_, nullptr);
  text_used_ = std::exchange(other.text_used_, 0);
  count_ = std::exchange(other.count_, 0);
  list_size_ = std::exchange(other.list_size_, 0);
  return *this;
}

HeaderMap::~HeaderMap() {
  if (block_ != nullptr) BlockPool::release(block_);
}

HeaderMap HeaderMap::clone() const {
  HeaderMap copy(*pool_);
  if (block_ == nullptr) return copy;
  copy.block_ = pool_->acquire(block_->size);
  std::memcpy(copy.block_->payload(), block_->payload(), block_->capacity);
  copy.text_used_ = text_used_;
  copy.count_ = count_;
  copy.list_size_ = list_size_;
  return copy;
}

HeaderMap::Field* HeaderMap::field(size_t i) const noexcept {
  // Fields are 2-aligned because capacities and offsets are even.
  std::byte* end = block_->payload() + block_->capacity;
  return reinterpret_cast<Field*>(end - (i + 1) * sizeof(Field));
}

HeaderField HeaderMap::at(size_t i) const noexcept {
  HEDDLE_ASSERT(i < count_);
  const Field* f = field(i);
  return {name_of(*f), view(f->value), static_cast<HeaderName>(f->id)};
}

std::optional<std::string_view> HeaderMap::get(HeaderName name) const noexcept {
  for (size_t i = 0; i < count_; ++i) {
    const Field* f = field(i);
    if (f->id == static_cast<uint16_t>(name)) return view(f->value);
  }
  return std::nullopt;
}

std::optional<std::string_view> HeaderMap::get(std::string_view lower_name) const noexcept {
  for (size_t i = 0; i < count_; ++i) {
    const Field* f = field(i);
    if (f->name.length == lower_name.size() && name_of(*f) == lower_name) return view(f->value);
  }
  return std::nullopt;
}

size_t HeaderMap::count(HeaderName name) const noexcept {
  size_t n = 0;
  for (size_t i = 0; i < count_; ++i) n += field(i)->id == static_cast<uint16_t>(name) ? 1 : 0;
  return n;
}

// A block that was outgrown stays alive until the text that may point into it has been copied.
class HeaderMap::Outgrown {
 public:
  Outgrown() = default;
  Outgrown(const Outgrown&) = delete;
  Outgrown& operator=(const Outgrown&) = delete;
  ~Outgrown() {
    if (block != nullptr) BlockPool::release(block);
  }
  Block* block = nullptr;
};

std::string_view HeaderMap::name_of(const Field& f) const noexcept {
  auto id = static_cast<HeaderName>(f.id);
  return id == HeaderName::kOther ? view(f.name) : to_text(id);
}

bool HeaderMap::has_room(size_t text_bytes, size_t fields) const noexcept {
  return block_ != nullptr && text_used_ + text_bytes + (count_ + fields) * sizeof(Field) <= block_->capacity;
}

bool HeaderMap::make_room(size_t text_bytes, size_t fields, Outgrown& outgrown) {
  size_t need = text_used_ + text_bytes + (count_ + fields) * sizeof(Field);
  BlockSize size = BlockSize::kSmall;
  while (need > BlockPool::kBytes[static_cast<size_t>(size)] - sizeof(Block)) {
    if (size == BlockSize::kLarge) return false;
    size = static_cast<BlockSize>(static_cast<uint8_t>(size) + 1);
  }
  Block* old = std::exchange(block_, pool_->acquire(size));
  outgrown.block = old;
  if (old == nullptr) return true;
  std::memcpy(block_->payload(), old->payload(), text_used_);
  size_t tail = count_ * sizeof(Field);
  std::memcpy(block_->payload() + block_->capacity - tail, old->payload() + old->capacity - tail, tail);
  return true;
}

HeadText HeaderMap::append(std::string_view text) noexcept {
  HeadText out{static_cast<uint16_t>(text_used_), static_cast<uint16_t>(text.size())};
  if (!text.empty()) std::memcpy(block_->payload() + text_used_, text.data(), text.size());
  text_used_ += static_cast<uint32_t>(text.size());
  return out;
}

std::byte* HeaderMap::add_unwritten(HeaderName id, std::string_view name, size_t value_bytes, Outgrown& outgrown) {
  size_t bytes = name.size() + value_bytes;
  if (!has_room(bytes, 1) && !make_room(bytes, 1, outgrown)) return nullptr;
  HeadText stored_name{0, static_cast<uint16_t>(name.size())};
  if (id == HeaderName::kOther) stored_name = append(name);
  HeadText value{static_cast<uint16_t>(text_used_), static_cast<uint16_t>(value_bytes)};
  ++count_;
  *field(count_ - 1) = Field{stored_name, value, static_cast<uint16_t>(id)};
  list_size_ += static_cast<uint32_t>(bytes + 32);
  text_used_ += value.length;
  return block_->payload() + value.offset;
}

bool HeaderMap::add(HeaderName id, std::string_view lower_name, std::string_view value) {
  Outgrown outgrown;
  std::byte* room = add_unwritten(id, lower_name, value.size(), outgrown);
  if (room == nullptr) return false;
  if (!value.empty()) std::memcpy(room, value.data(), value.size());
  return true;
}

bool HeaderMap::add(std::string_view lower_name, std::string_view value) {
  return add(header_name(lower_name), lower_name, value);
}

bool HeaderMap::add(HeaderName name, std::string_view value) { return add(name, to_text(name), value); }

bool HeaderMap::add(HeaderName name, std::span<const std::string_view> pieces) {
  size_t bytes = 0;
  for (std::string_view piece : pieces) bytes += piece.size();
  Outgrown outgrown;
  std::byte* room = add_unwritten(name, to_text(name), bytes, outgrown);
  if (room == nullptr) return false;
  for (std::string_view piece : pieces) {
    if (!piece.empty()) std::memcpy(room, piece.data(), piece.size());
    room += piece.size();
  }
  return true;
}

bool HeaderMap::set(HeaderName name, std::string_view value) {
  remove(name);
  return add(name, value);
}

void HeaderMap::remove_at(size_t i) noexcept {
  HEDDLE_ASSERT(i < count_);
  list_size_ -= static_cast<uint32_t>(field(i)->name.length + field(i)->value.length + 32);
  // Later fields lie below; move them up by one.
  size_t later = count_ - 1 - i;
  if (later > 0) std::memmove(field(count_ - 2), field(count_ - 1), later * sizeof(Field));
  --count_;
}

void HeaderMap::remove(HeaderName name) noexcept {
  for (size_t i = count_; i-- > 0;) {
    if (field(i)->id == static_cast<uint16_t>(name)) remove_at(i);
  }
}

void HeaderMap::remove(std::string_view lower_name) noexcept {
  for (size_t i = count_; i-- > 0;) {
    if (name_of(*field(i)) == lower_name) remove_at(i);
  }
}

bool HeaderMap::store(std::string_view text, HeadText& out) {
  if (text.size() <= out.length && block_ != nullptr) {  // overwrite in place
    if (!text.empty()) std::memmove(block_->payload() + out.offset, text.data(), text.size());
    out.length = static_cast<uint16_t>(text.size());
    return true;
  }
  Outgrown outgrown;
  if (!has_room(text.size(), 0) && !make_room(text.size(), 0, outgrown)) return false;
  out = append(text);
  return true;
}

std::string_view HeaderMap::view(HeadText text) const noexcept {
  if (text.length == 0) return {};
  return {reinterpret_cast<const char*>(block_->payload()) + text.offset, text.length};
}

std::string_view to_text(HttpVersion version) noexcept {
  switch (version) {
    case HttpVersion::kHttp10:
      return "HTTP/1.0";
    case HttpVersion::kHttp11:
      return "HTTP/1.1";
    case HttpVersion::kHttp2:
      return "HTTP/2";
  }
  return "HTTP/1.1";
}

RequestHead RequestHead::clone() const {
  RequestHead copy(fields_.pool());
  copy.version = version;
  copy.content_length = content_length;
  copy.accepts_trailers = accepts_trailers;
  copy.fields_ = fields_.clone();
  copy.method_ = method_;
  copy.scheme_ = scheme_;
  copy.authority_ = authority_;
  copy.path_ = path_;
  copy.protocol_ = protocol_;
  return copy;
}

bool RequestHead::is_idempotent() const noexcept {
  std::string_view m = method();
  return m == "GET" || m == "HEAD" || m == "PUT" || m == "DELETE" || m == "OPTIONS" || m == "TRACE";
}

bool response_has_no_body(std::string_view request_method, uint16_t status) noexcept {
  if (status < 200 || status == 204 || status == 304) return true;
  return request_method == "HEAD";
}

std::string_view reason_phrase(uint16_t status) noexcept {
  const Phrase* row = std::lower_bound(std::begin(kPhrases), std::end(kPhrases), Phrase{status, {}}, by_status);
  return row != std::end(kPhrases) && row->status == status ? row->text : "Unknown";
}
}  // namespace heddle
