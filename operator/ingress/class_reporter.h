#pragma once

#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "kube/client.h"
#include "kube/event_recorder.h"
#include "kube/reconciler.h"
#include "kube/resources/ingress_class.h"
#include "kube/store.h"
#include "operator/api/edge_parameters.h"
#include "operator/ingress/parameters_in_force.h"
#include "operator/ingress/trusted_proxies.h"

namespace ingress {

// Says what became of the parameters of our IngressClasses, class by class: in the status of the
// EdgeParameters that a class names, and by a Warning at the class where there is none to be read,
// or where another class of the release keeps something of it from being so. The leader's work. Of
// two releases whose classes name one object both would write the same, and the second finds it
// written.
class ClassReporter final : public kube::Reconciler {
 public:
  struct Options {
    std::set<std::string> class_names;
    // Events about objects of the cluster live in a namespace that not every release may write to.
    bool tells_at_class = true;
  };
  // in_force: of these stores. Everything referred to must outlive it.
  ClassReporter(Options options, kube::Store<kube::IngressClass>& classes,
                kube::Store<api::EdgeParameters>& parameters, const ParametersInForce& in_force,
                kube::Client& client, kube::EventSink& events, const base::Clock& clock,
                std::stop_token stop)
      : options_(std::move(options)),
        classes_(classes),
        parameters_(parameters),
        in_force_(in_force),
        client_(client),
        events_(events),
        clock_(clock),
        stop_(std::move(stop)) {}

  // key: an IngressClass. One thread.
  base::Result<kube::Outcome> reconcile(const kube::ObjectKey& key) override;

 private:
  void tell_of_missing(const kube::IngressClass& ingress_class, const std::string& why);
  // To be looked at again when any of the classes or parameters changes.
  void tell_of_distrust(const kube::IngressClass& ingress_class);
  TrustedByClass trusted_proxies() const;
  base::Status write_status(const api::EdgeParameters& before);

  const Options options_;
  kube::Store<kube::IngressClass>& classes_;
  kube::Store<api::EdgeParameters>& parameters_;
  const ParametersInForce& in_force_;
  kube::Client& client_;
  kube::EventSink& events_;
  const base::Clock& clock_;
  const std::stop_token stop_;
  std::map<std::string, std::string> told_;           // by class
  std::map<std::string, std::string> told_distrust_;  // likewise
};

}  // namespace ingress
