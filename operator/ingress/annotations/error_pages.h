#pragma once

#include <string>
#include <vector>

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// custom-http-errors and default-backend: which errors of a backend a page stands in place of, and
// who makes it.
struct ErrorPages {
  std::vector<int> statuses;  // sorted, unique
  // A Service of the Ingress's namespace, asked at its first port; also in place of a backend that
  // has no endpoints. Empty: none is named.
  std::string service;
  // As written, with their prefixes; empty: they are not there.
  std::string statuses_annotation;
  std::string service_annotation;
  bool pass_as_they_are = false;  // disable-proxy-intercept-errors

  // No statuses are named, and none refused.
  bool are_asked_of_the_class() const { return statuses_annotation.empty() && !pass_as_they_are; }
};
ErrorPages read_error_pages(const AnnotationMap& annotations, Issues& issues);

// The Service of default-backend; empty: none is named.
std::string default_backend_of(const AnnotationMap& annotations);

}  // namespace ingress::annotations
