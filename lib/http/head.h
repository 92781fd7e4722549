// Heads of messages as the codecs hand them over and take them: RequestHead and ResponseHead own one arena block into
// which the codec copies the head once; moving a head moves a pointer. Views handed out live as long as the head and
// until the next change of it. Belongs to the loop of its pool; an empty head holds no block.
//
// What codecs guarantee: names are lower case; connection-level fields (connection and what it nominates, keep-alive,
// proxy-connection, transfer-encoding, te, upgrade, http2-settings), content-length and host are *not* in fields():
// framing is carried by content_length and re-serialised (never copied), host by authority(), upgrade by protocol().
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "lib/base/block_pool.h"
#include "lib/http/header_name.h"

namespace heddle {

// Offset and length inside a head's arena.
struct HeadText {
  uint16_t offset = 0;
  uint16_t length = 0;
};

struct HeaderField {
  std::string_view name;
  std::string_view value;
  HeaderName id;
};

// Ordered multimap of fields plus the free text of the head, all in one block (2, 16 or 64 KiB).
class HeaderMap {
 public:
  explicit HeaderMap(BlockPool& pool) : pool_(&pool) {}
  HeaderMap(HeaderMap&&) noexcept;
  HeaderMap& operator=(HeaderMap&&) noexcept;
  ~HeaderMap();
  HeaderMap clone() const;

  size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  HeaderField at(size_t i) const noexcept;  // in the order they were added
  // First value of that name.
  std::optional<std::string_view> get(HeaderName) const noexcept;
  std::optional<std::string_view> get(std::string_view lower_name) const noexcept;
  size_t count(HeaderName) const noexcept;

  // False when the arena (64 KiB) is full; nothing is added then. Names must be lower case already.
  [[nodiscard]] bool add(std::string_view lower_name, std::string_view value);
  [[nodiscard]] bool add(HeaderName, std::string_view value);
  [[nodiscard]] bool set(HeaderName, std::string_view value);  // replaces every field of that name
  // The value in pieces, which may be views of this map.
  [[nodiscard]] bool add(HeaderName, std::span<const std::string_view> pieces);
  // For who has looked the name up already: `id` is header_name(lower_name).
  [[nodiscard]] bool add(HeaderName id, std::string_view lower_name, std::string_view value);
  void remove(HeaderName) noexcept;
  void remove(std::string_view lower_name) noexcept;
  void remove_at(size_t i) noexcept;
  // Sum of name + value + 32 of every field (RFC 9113 §6.5.2), the number the limits are about.
  size_t list_size() const noexcept { return list_size_; }

  // Free text that belongs to the head (method, path ...).
  [[nodiscard]] bool store(std::string_view text, HeadText& out);
  std::string_view view(HeadText text) const noexcept;
  BlockPool& pool() const noexcept { return *pool_; }

 private:
  // Text grows up from the start of the block, fields grow down from its end.
  struct Field {
    HeadText name;  // known names (id) are constants and take no room: only their length is here
    HeadText value;
    uint16_t id;
  };
  Field* field(size_t i) const noexcept;
  std::string_view name_of(const Field&) const noexcept;
  bool has_room(size_t text_bytes, size_t fields) const noexcept;
  class Outgrown;
  bool make_room(size_t text_bytes, size_t fields, Outgrown&);
  HeadText append(std::string_view text) noexcept;
  // Room for a field and its name; nullptr when the arena is full. The value is written there by the caller.
  std::byte* add_unwritten(HeaderName, std::string_view name, size_t value_bytes, Outgrown&);

  BlockPool* pool_;
  Block* block_ = nullptr;
  uint32_t text_used_ = 0;
  uint32_t count_ = 0;
  uint32_t list_size_ = 0;
};

enum class HttpVersion : uint8_t { kHttp10, kHttp11, kHttp2 };
std::string_view to_text(HttpVersion) noexcept;  // "HTTP/1.1"

class RequestHead {
 public:
  explicit RequestHead(BlockPool& pool) : fields_(pool) {}
  RequestHead(RequestHead&&) noexcept = default;
  RequestHead& operator=(RequestHead&&) noexcept = default;
  RequestHead clone() const;

  std::string_view method() const noexcept { return fields_.view(method_); }
  std::string_view scheme() const noexcept { return fields_.view(scheme_); }        // "http" or "https"
  std::string_view authority() const noexcept { return fields_.view(authority_); }  // Host or :authority, with port
  std::string_view path() const noexcept { return fields_.view(path_); }            // with query; "*" for OPTIONS *
  std::string_view protocol() const noexcept { return fields_.view(protocol_); }    // upgrade: "websocket"; else empty
  [[nodiscard]] bool set_method(std::string_view v) { return fields_.store(v, method_); }
  [[nodiscard]] bool set_scheme(std::string_view v) { return fields_.store(v, scheme_); }
  [[nodiscard]] bool set_authority(std::string_view v) { return fields_.store(v, authority_); }
  [[nodiscard]] bool set_path(std::string_view v) { return fields_.store(v, path_); }
  [[nodiscard]] bool set_protocol(std::string_view v) { return fields_.store(v, protocol_); }

  HeaderMap& fields() noexcept { return fields_; }
  const HeaderMap& fields() const noexcept { return fields_; }
  bool is_connect() const noexcept { return method() == "CONNECT"; }
  bool is_head() const noexcept { return method() == "HEAD"; }
  // RFC 9110 §9.2.2: GET HEAD OPTIONS TRACE PUT DELETE.
  bool is_idempotent() const noexcept;

  HttpVersion version = HttpVersion::kHttp11;
  // Absent with a body to come: chunked or h2 DATA until END_STREAM.
  std::optional<uint64_t> content_length;
  bool accepts_trailers = false;  // "TE: trailers" was there, or the message came over HTTP/2

 private:
  HeaderMap fields_;
  HeadText method_, scheme_, authority_, path_, protocol_;
};

class ResponseHead {
 public:
  explicit ResponseHead(BlockPool& pool) : fields_(pool) {}
  ResponseHead(BlockPool& pool, uint16_t code) : status(code), fields_(pool) {}
  ResponseHead(ResponseHead&&) noexcept = default;
  ResponseHead& operator=(ResponseHead&&) noexcept = default;
  HeaderMap& fields() noexcept { return fields_; }
  const HeaderMap& fields() const noexcept { return fields_; }

  // 101 says that an upgrade was accepted, whatever the protocol (HTTP/2 carries it as 200).
  uint16_t status = 0;
  HttpVersion version = HttpVersion::kHttp11;
  std::optional<uint64_t> content_length;

 private:
  HeaderMap fields_;
};

// RFC 9110 §6.4.1: no body after HEAD, 1xx, 204, 304 (nor after 2xx to CONNECT, which starts a tunnel).
bool response_has_no_body(std::string_view request_method, uint16_t status) noexcept;
std::string_view reason_phrase(uint16_t status) noexcept;  // "OK"; "Unknown" where there is none
}  // namespace heddle
