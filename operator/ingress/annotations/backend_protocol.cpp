#include "operator/ingress/annotations/backend_protocol.h"

#include <algorithm>
#include <cctype>

namespace ingress::annotations {

void check_backend_protocol(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "backend-protocol");
  if (!found) return;
  std::string protocol(found->value);
  std::transform(protocol.begin(), protocol.end(), protocol.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (protocol == "HTTP" || protocol == "AUTO_HTTP") return;
  Issue issue = bad_value(*found, "supported yet: backends are spoken to in HTTP/1.1 only",
                          Issue::Effect::guards);
  issue.remedy = "Let the Service offer a plain HTTP port and set \"HTTP\".";
  issues.push_back(std::move(issue));
}

}  // namespace ingress::annotations
