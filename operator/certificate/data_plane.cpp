#include "operator/certificate/data_plane.h"

namespace certificate {

std::string ProxyAnswers::problems_text() const {
  std::string text;
  for (const std::string& problem : problems) text += (text.empty() ? "" : "; ") + problem;
  return text;
}

}  // namespace certificate
