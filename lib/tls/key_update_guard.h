// KeyUpdateGuard: how often the peer of one connection may make us change keys: 100 times a second (rule S6). RFC 8446
// §4.6.3 sets no limit, a KeyUpdate of 27 bytes costs us a key schedule and, when it asks for one, an answer, and
// OpenSSL works through all it has been given in one call: beyond the limit its input is taken away. Owned by the
// TlsTransport, outlived by its SSL; belongs to its loop. It closes nothing: the transport asks flooded().
#pragma once
#include "lib/base/clock.h"
#include "lib/base/token_bucket.h"
#include "lib/tls/buffer_bio.h"
#include "lib/tls/ssl_ptr.h"

namespace heddle {
class KeyUpdateGuard {
 public:
  static constexpr double kPerSecond = 100;  // and as many at once
  KeyUpdateGuard(const Clock& clock, BufferBio& input)
      : clock_(clock), input_(input), allowance_(kPerSecond, kPerSecond, clock.now()) {}
  KeyUpdateGuard(const KeyUpdateGuard&) = delete;
  KeyUpdateGuard& operator=(const KeyUpdateGuard&) = delete;

  void watch(SSL*);
  bool flooded() const noexcept { return flooded_; }

 private:
  // NOLINTNEXTLINE(readability-function-size): OpenSSL's parameters
  static void on_message(int sent, int version, int content, const void* data, size_t size, SSL*, void* self);
  void count();
  const Clock& clock_;
  BufferBio& input_;
  TokenBucket allowance_;
  bool flooded_ = false;
};
}  // namespace heddle
