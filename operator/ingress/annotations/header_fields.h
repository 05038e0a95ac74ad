#pragma once

#include <map>
#include <optional>
#include <string>

#include "kube/object.h"
#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// By the Ingress itself: request-headers and response-headers, one "Name: value" a line, and
// hidden-headers, names by lines or commas, which a response loses. A line without a value takes
// the field away. A line that cannot be taken is left out and told, by the first one of each
// annotation.
void read_header_fields(const AnnotationMap& annotations, proxy::config::Shape& shape,
                        Issues& issues);

// The same by the class of the Ingress, of fields about which it says nothing itself.
void add_fields_of_class(const AnnotationMap& annotations, proxy::config::Shape& shape,
                         Issues& issues);

// A ConfigMap of the Ingress's namespace whose keys are fields.
struct NamedFields {
  kube::ObjectKey map;
  std::string annotation;
};

// custom-headers: fields of responses.
std::optional<NamedFields> read_custom_headers(const kube::Ingress& ingress, Issues& issues);

// Its fields, beside those that other annotations set or take away, which come first. A "$" in a
// value is one: ingress-nginx has no variables there, either.
void add_custom_headers(const NamedFields& custom, const std::map<std::string, std::string>& fields,
                        proxy::config::Shape& shape, Issues& issues);

}  // namespace ingress::annotations
