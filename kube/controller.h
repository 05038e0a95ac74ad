#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <prometheus/registry.h>

#include "base/clock.h"
#include "base/result.h"
#include "kube/object.h"
#include "kube/reconciler.h"
#include "kube/store.h"
#include "kube/work_queue.h"

namespace kube {

struct ControllerOptions {
  std::string name{};  // "certificate": in logs and metrics
  int workers = 2;
  WorkQueue::Backoff backoff{};
  // Failures for which a human must act (ErrorKind::denied) are tried again this slowly.
  std::chrono::milliseconds denied_delay = std::chrono::minutes(1);
  std::shared_ptr<prometheus::Registry> registry{};  // null: no metrics
};

// Runs a Reconciler over the keys that enqueue() was told of, on its own threads; two runs of one
// key never overlap. How a run ends decides when the key comes again:
//   success               the failures are forgotten; again after requeue_after, or on a change;
//   invalid               not again until a change: the same input would fail the same way;
//   retry_after           when the server said;
//   denied                after denied_delay;
//   else                  after a back-off that doubles.
// An exception out of reconcile() ends the process: a broken invariant.
class Controller {
 public:
  // reconciler and clock must outlive it.
  Controller(Reconciler& reconciler, const base::Clock& clock, ControllerOptions options);
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;
  ~Controller();  // stops

  // From any thread, also before start(): keys wait.
  void enqueue(const ObjectKey& key) { queue_.add(key); }
  void enqueue_after(const ObjectKey& key, WorkQueue::Duration delay) {
    queue_.add_after(key, delay);
  }

  // Every change of an object in this store enqueues its own key. Call before the reflector starts.
  template <class T>
  void follow(Store<T>& store) {
    store.add_listener([this](const ObjectChange<T>& change) { enqueue(change.key); });
  }

  void start();
  void request_stop();
  // Waits for runs under way; keys that wait are left.
  void stop();

  // One key if one is ready, on the caller's thread; false when none is. For tests and for
  // programs without threads.
  bool run_one();

 private:
  struct Metrics;

  void work(const std::stop_token& stop);
  void run(const ObjectKey& key);
  const char* settle(const ObjectKey& key, const base::Result<Outcome>& result);

  Reconciler& reconciler_;
  const base::Clock& clock_;
  const ControllerOptions options_;
  WorkQueue queue_;
  std::unique_ptr<Metrics> metrics_;
  std::vector<std::jthread> workers_;
};

}  // namespace kube
