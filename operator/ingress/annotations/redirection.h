#pragma once

#include <optional>

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// temporal-redirect before permanent-redirect, with their codes; and app-root. They stand in front
// of a backend that is often a placeholder, so one that cannot be made closes.
struct Redirections {
  std::optional<proxy::config::Redirection> of_all;   // of every path of the Ingress
  std::optional<proxy::config::Redirection> of_root;  // of "/" alone
};

Redirections read_redirections(const AnnotationMap& annotations, Issues& issues);

// Where those are sent who may not pass, with 302. Nothing: it is not said, or there is an issue,
// which tunes.
std::optional<proxy::config::Redirection> read_error_page(const AnnotationMap& annotations,
                                                          const std::string& key, Issues& issues);

}  // namespace ingress::annotations
