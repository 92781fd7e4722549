// Trampolines from nghttp2's C callbacks to the engine; no decision is made here.
#include "lib/http/http2_engine.h"
#include "lib/http/http2_session.h"

namespace heddle {
namespace {
Http2Engine& engine(void* user) { return *static_cast<Http2Engine*>(user); }

std::string_view text(const uint8_t* data, size_t length) { return {reinterpret_cast<const char*>(data), length}; }

int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  return engine(user).begin_headers(*frame);
}
// NOLINTNEXTLINE(readability-function-size): nghttp2's parameters
int on_header(nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_length, const uint8_t* value,
              size_t value_length, uint8_t, void* user) {
  return engine(user).header(text(name, name_length), text(value, value_length));
}
int on_frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  engine(user).frame_received(*frame);
  return 0;
}
int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
  engine(user).frame_invalid(*frame, error);
  return 0;
}
// NOLINTNEXTLINE(readability-function-size): nghttp2's parameters
int on_data_chunk(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t length, void* user) {
  engine(user).data_received(id, Bytes(reinterpret_cast<const std::byte*>(data), length));
  return 0;
}
int on_stream_close(nghttp2_session*, int32_t id, uint32_t code, void* user) {
  engine(user).stream_closed(id, code);
  return 0;
}
int on_frame_send(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  engine(user).frame_sent(*frame);
  return 0;
}
int on_frame_not_send(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
  engine(user).frame_not_sent(*frame, error);
  return 0;
}
// NOLINTNEXTLINE(readability-function-size): nghttp2's parameters
int on_send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t length, nghttp2_data_source*,
                 void* user) {
  return engine(user).write_data(frame->hd.stream_id, header, length);
}
}  // namespace

void set_http2_callbacks(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_send);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
}

// NOLINTNEXTLINE(readability-function-size): nghttp2's parameters
ssize_t read_http2_body(nghttp2_session*, int32_t id, uint8_t*, size_t length, uint32_t* flags, nghttp2_data_source*,
                        void* user) {
  return engine(user).read_data(id, length, *flags);
}
}  // namespace heddle
