// Http2Session: owns one nghttp2_session, set up by the rules of reliability R-2 (2.1, 2.2), and the callbacks that
// lead to its engine. Sans-IO. Belongs to the loop of its Http2Memory. nghttp2's own automatic behaviour that Heddle
// replaces is off: window updates, closed streams. `max_continuations` is raised because nghttp2 1.52 counts reads, not
// frames; the engine counts frames.
#pragma once
#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>

#include "lib/http/http2_memory.h"
#include "lib/http/limits.h"

namespace heddle {
class Http2Engine;
enum class Http2Role : uint8_t { kServer, kClient };

class Http2Session {
 public:
  Http2Session(Http2Role, Http2Memory&, const HttpLimits&, Http2Engine& receiver);
  nghttp2_session* get() const noexcept { return session_.get(); }

 private:
  struct Delete {
    void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
  };
  void submit_settings(Http2Role, const HttpLimits&);
  std::unique_ptr<nghttp2_session, Delete> session_;
};

// http2_callbacks.cc: trampolines, nothing else.
void set_http2_callbacks(nghttp2_session_callbacks*);
}  // namespace heddle
