#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kube/object.h"
#include "kube/resources/ingress.h"
#include "operator/api/edge_parameters.h"
#include "operator/ingress/annotations/external_auth.h"

// What an Ingress names, whoever it belongs to and whether or not it is there: a change of anything
// that no Ingress names concerns no compilation. An annotation that makes the compiler look at a
// further object or host must be read here, too.
namespace ingress {

// Of its tls entries and of proxy-ssl-secret.
std::set<kube::ObjectKey> named_secrets(const kube::Ingress& ingress);

// Of its annotations, for passwords and for certificates of clients, as far as it may name them.
std::set<kube::ObjectKey> named_auth_secrets(const kube::Ingress& ingress);

// ConfigMaps with header fields, or with authorities of backends.
std::set<kube::ObjectKey> named_field_maps(const kube::Ingress& ingress);

// Of its backends, of who is asked about its requests and of who gets copies.
std::set<kube::ObjectKey> named_services(const kube::Ingress& ingress);
// Of a class, for all of its Ingresses.
std::set<kube::ObjectKey> named_services(const api::EdgeParameters& parameters);

// Of which it matters whether an Ingress serves them, whoever that is: of who is asked about
// requests, and of who gets copies.
std::set<std::string> asked_hosts(const kube::Ingress& ingress);

// In ProxyConfig's spelling: of its rules, of the annotations that are claims on hosts, and of its
// tls entries. "" where it speaks of every other host, or of clients that name none.
std::set<std::string> named_hosts(const kube::Ingress& ingress);

// Wildcards of named_hosts() that stand in its tls entries alone, with the one Secret that all of
// these name.
std::map<std::string, kube::ObjectKey> shown_wildcards(const kube::Ingress& ingress);

// Whose names DNS is asked for where nobody here serves them: of who is asked about requests, and
// of who gets copies.
std::vector<routing::OutsideHost> named_outside(const kube::Ingress& ingress);

}  // namespace ingress
