// BufferBio: an OpenSSL BIO that reads from one of our Buffers and appends to another, without a copy of its own.
// The buffers are lent for the time of one SSL call; without an input buffer a read says "try again".
// Owned by the TlsTransport; belongs to its loop.
#pragma once
#include "certs/openssl.h"
#include "lib/base/buffer.h"

namespace heddle {
class BufferBio {
 public:
  explicit BufferBio(Buffer& out) : out_(out) {}
  BufferBio(const BufferBio&) = delete;
  BufferBio& operator=(const BufferBio&) = delete;
  // A BIO that refers to this object; SSL_set_bio takes it over.
  BIO* make_bio();
  void set_input(Buffer* in) noexcept { in_ = in; }

 private:
  static int write(BIO*, const char* data, int length);
  static int read(BIO*, char* out, int room);
  static long control(BIO*, int command, long, void*);
  static const BIO_METHOD* method();
  Buffer* in_ = nullptr;
  Buffer& out_;
};
}  // namespace heddle
