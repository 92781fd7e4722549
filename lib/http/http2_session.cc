#include "lib/http/http2_session.h"

#include <array>

#include "lib/base/assert.h"

namespace heddle {
namespace {
constexpr uint32_t kMaxContinuations = 1024;  // nghttp2's count; ours is limits.continuations
constexpr size_t kMaxSettingsEntries = 32;    // CVE-2020-11080
constexpr size_t kMaxOutboundAcks = 1000;
constexpr size_t kMaxSendHeaderBlock = 128 * 1024;  // an upper bound of nghttp2's estimate for a head of 64 KiB
constexpr uint32_t kHeaderTable = 4096;
constexpr uint32_t kMaxFrame = 16 * 1024;

struct DeleteOption {
  void operator()(nghttp2_option* p) const noexcept { nghttp2_option_del(p); }
};
struct DeleteCallbacks {
  void operator()(nghttp2_session_callbacks* p) const noexcept { nghttp2_session_callbacks_del(p); }
};
using Option = std::unique_ptr<nghttp2_option, DeleteOption>;
using Callbacks = std::unique_ptr<nghttp2_session_callbacks, DeleteCallbacks>;

Option make_option(const HttpLimits& limits) {
  nghttp2_option* raw = nullptr;
  HEDDLE_CHECK(nghttp2_option_new(&raw) == 0);
  nghttp2_option_set_no_auto_window_update(raw, 1);
  nghttp2_option_set_no_closed_streams(raw, 1);
  nghttp2_option_set_no_http_messaging(raw, 1);  // Http2FieldRules and Http2Stream::expected judge instead
  nghttp2_option_set_max_continuations(raw, kMaxContinuations);
  nghttp2_option_set_max_settings(raw, kMaxSettingsEntries);
  nghttp2_option_set_max_outbound_ack(raw, kMaxOutboundAcks);
  nghttp2_option_set_max_send_header_block_length(raw, kMaxSendHeaderBlock);
  // Http2Abuse decides, in loop time; nghttp2's own limiter, which runs on the real clock, only stands behind it.
  constexpr uint64_t kBehind = 10;
  nghttp2_option_set_stream_reset_rate_limit(raw, limits.reset_burst * kBehind, limits.reset_rate * kBehind);
  return Option(raw);
}
}  // namespace

Http2Session::Http2Session(Http2Role role, Http2Memory& memory, const HttpLimits& limits, Http2Engine& receiver) {
  nghttp2_session_callbacks* raw_callbacks = nullptr;
  HEDDLE_CHECK(nghttp2_session_callbacks_new(&raw_callbacks) == 0);
  Callbacks callbacks(raw_callbacks);
  set_http2_callbacks(raw_callbacks);
  Option option = make_option(limits);
  auto create = role == Http2Role::kServer ? nghttp2_session_server_new3 : nghttp2_session_client_new3;
  nghttp2_session* raw = nullptr;
  HEDDLE_CHECK(create(&raw, raw_callbacks, &receiver, option.get(), memory.table()) == 0);
  session_.reset(raw);
  submit_settings(role, limits);
}

// A client leaves RFC 7540 priorities on: nghttp2 then shares the connection evenly among its streams; with them off
// it would send one stream after the other. A server's streams are made incremental one by one.
void Http2Session::submit_settings(Http2Role role, const HttpLimits& limits) {
  std::array<nghttp2_settings_entry, 8> entries;
  size_t count = 0;
  auto add = [&](int32_t id, uint64_t value) { entries[count++] = {id, static_cast<uint32_t>(value)}; };
  add(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window);
  add(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, kMaxFrame);
  add(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, kHeaderTable);
  add(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.head_bytes);
  if (role == Http2Role::kServer) {
    add(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_concurrent_streams);
    add(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1);
    add(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1);
  } else {
    add(NGHTTP2_SETTINGS_ENABLE_PUSH, 0);
  }
  HEDDLE_CHECK(nghttp2_submit_settings(get(), NGHTTP2_FLAG_NONE, entries.data(), count) == 0);
  auto window = static_cast<int32_t>(limits.connection_window);
  HEDDLE_CHECK(nghttp2_session_set_local_window_size(get(), NGHTTP2_FLAG_NONE, 0, window) == 0);
}
}  // namespace heddle
