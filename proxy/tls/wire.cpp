#include "proxy/tls/wire.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace proxy::tls {

Wire::Wire() : bio_(BIO_new(method())) {
  if (bio_ == nullptr) return;
  BIO_set_data(bio_.get(), this);
  BIO_set_init(bio_.get(), 1);
}

BIO_METHOD* Wire::method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* one = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "worker buffers");
    BIO_meth_set_read(one, read_bytes);
    BIO_meth_set_write(one, write_bytes);
    BIO_meth_set_ctrl(one, control);
    return one;
  }();
  return made;
}

int Wire::read_bytes(BIO* bio, char* out, int size) {
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (wire.input_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(wire.input_.size(), static_cast<std::size_t>(size));
  std::memcpy(out, wire.input_.data(), count);
  wire.input_.remove_prefix(count);
  return static_cast<int>(count);
}

int Wire::write_bytes(BIO* bio, const char* bytes, int size) {
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  wire.output_.append(bytes, static_cast<std::size_t>(size));
  return size;
}

long Wire::control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
}

}  // namespace proxy::tls
