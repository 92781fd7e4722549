// FrameScript: the frame language of the HTTP/2 cases (README.md) as bytes to send and frames to wait for. It also
// keeps what each request on it says, so that a test can compare with what the upstream saw.
#pragma once
#include <map>

#include "tests/support/h2_frames.h"

namespace heddle::adversarial {
struct SentRequest {
  h2::Fields fields;
  std::string body;
  bool ended = false;  // what comes behind is not of the request
};
struct ScriptStep {
  std::string bytes;
  int await = -1;  // then a frame of this type is waited for
};

class FrameScript {
 public:
  // `role`: a client starts with its preface and SETTINGS unless the script starts with RAW. `first`: what `=` means at
  // the start.
  enum class Role { kClient, kServer };
  FrameScript(std::string_view text, Role role, uint32_t first = 1);
  const std::vector<ScriptStep>& steps() const { return steps_; }
  size_t size() const;  // bytes of all steps
  const std::map<uint32_t, SentRequest>& requests() const { return requests_; }
  uint32_t next_stream() const { return next_; }

 private:
  void run(std::string_view text);
  void statement(std::string_view text);
  void repeat(std::string_view text);
  std::string frame_of(const std::vector<std::string>& words);
  std::string headers_frame(const std::vector<std::string>& words);
  std::string data_frame(const std::vector<std::string>& words);
  uint32_t stream_of(const std::string& word);
  std::vector<ScriptStep> steps_;
  std::map<uint32_t, SentRequest> requests_;
  uint32_t next_ = 1;
  uint32_t current_ = 1;
};
// A number, or the name of an error code (PROTOCOL, CALM ...).
uint32_t error_code(std::string_view word);
}  // namespace heddle::adversarial
