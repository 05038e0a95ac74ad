#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "kube/client.h"
#include "kube/object.h"
#include "kube/reflector.h"
#include "kube/store.h"

namespace kube {

// One object, watched by its name alone, so that no right to any other is used. A thread and a
// connection for as long as it lives. Thread-safe.
template <class T>
class ObjectWatch {
 public:
  // wake: the object has come, changed or gone, or it is known now that there is none. Called from
  // the watch's thread, without a lock held. client must outlive it.
  ObjectWatch(Client& client, const ObjectKey& key, ReflectorOptions options,
              const std::function<void()>& wake)
      : key_(key), reflector_(client, store_, only(key, std::move(options))) {
    store_.add_listener([wake](const auto&) { wake(); });
    // What became of it before the watch began is no change that a listener hears of.
    store_.add_sync_listener(wake);
    reflector_.start();
  }

  // get() tells what there is; before that nothing is known.
  bool is_known() const { return store_.has_synced(); }
  std::shared_ptr<const T> get() const { return store_.get(key_); }
  // So that many end at once; the destructor waits.
  void request_stop() { reflector_.request_stop(); }

 private:
  static ReflectorOptions only(const ObjectKey& key, ReflectorOptions options) {
    options.namespace_ = key.namespace_;
    options.field_selector = "metadata.name=" + key.name;
    return options;
  }

  const ObjectKey key_;
  Store<T> store_;
  Reflector<T> reflector_;  // last: its thread fills the store
};

}  // namespace kube
