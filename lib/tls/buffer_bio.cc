#include "lib/tls/buffer_bio.h"

#include <cstring>

namespace heddle {

const BIO_METHOD* BufferBio::method() {
  static const std::unique_ptr<BIO_METHOD, OpensslDelete<BIO_meth_free>> shared = [] {
    std::unique_ptr<BIO_METHOD, OpensslDelete<BIO_meth_free>> made(
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "heddle buffer"));
    HEDDLE_CHECK(made != nullptr);
    BIO_meth_set_write(made.get(), write);
    BIO_meth_set_read(made.get(), read);
    BIO_meth_set_ctrl(made.get(), control);
    return made;
  }();
  return shared.get();
}

BIO* BufferBio::make_bio() {
  BIO* bio = BIO_new(method());
  HEDDLE_CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

int BufferBio::write(BIO* bio, const char* data, int length) {
  auto* self = static_cast<BufferBio*>(BIO_get_data(bio));
  self->out_.append(std::string_view(data, static_cast<size_t>(length)));
  return length;
}

int BufferBio::read(BIO* bio, char* out, int room) {
  auto* self = static_cast<BufferBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->in_ == nullptr || self->in_->empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  size_t n = self->in_->copy_to({reinterpret_cast<std::byte*>(out), static_cast<size_t>(room)});
  self->in_->consume(n);
  return static_cast<int>(n);
}

long BufferBio::control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
}  // namespace heddle
