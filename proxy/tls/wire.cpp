#include "proxy/tls/wire.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <openssl/bio.h>

namespace proxy::tls {
namespace {

int read_bytes(BIO* bio, char* out, int size) {
  std::string_view& input = static_cast<Wire*>(BIO_get_data(bio))->input();
  BIO_clear_retry_flags(bio);
  if (input.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(input.size(), static_cast<std::size_t>(size));
  std::memcpy(out, input.data(), count);
  input.remove_prefix(count);
  return static_cast<int>(count);
}

int write_bytes(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  static_cast<Wire*>(BIO_get_data(bio))->output().append(bytes, static_cast<std::size_t>(size));
  return size;
}

long control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
}

BIO_METHOD* method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* one = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "worker buffers");
    BIO_meth_set_read(one, read_bytes);
    BIO_meth_set_write(one, write_bytes);
    BIO_meth_set_ctrl(one, control);
    return one;
  }();
  return made;
}

}  // namespace

Wire::Wire() : bio_(BIO_new(method())) {
  if (bio_ == nullptr) return;
  BIO_set_data(bio_, this);
  BIO_set_init(bio_, 1);
}

Wire::~Wire() {
  BIO_free(bio_);
}

}  // namespace proxy::tls
