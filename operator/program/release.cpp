#include "operator/program/release.h"

#include <algorithm>
#include <sstream>

namespace program {
namespace {

constexpr const char* kClassesAnnotation = "gatehouse.dev/ingress-classes";
constexpr const char* kNamespacesAnnotation = "gatehouse.dev/watch-namespaces";
constexpr const char* kClasslessAnnotation = "gatehouse.dev/classless-objects";

using Names = std::set<std::string>;

std::string text_of(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

Names names_of(const std::string& text) {
  Names names;
  std::istringstream in(text);
  for (std::string name; std::getline(in, name, ',');) {
    if (!name.empty()) names.insert(name);
  }
  return names;
}

Names common(const Names& a, const Names& b) {
  Names both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
  return both;
}

// None stands for all.
bool have_common_namespace(const Names& a, const Names& b) {
  return a.empty() || b.empty() || !common(a, b).empty();
}

struct Other {
  const kube::Lease* lease = nullptr;
  Names classes;
  Names namespaces;
  bool has_classless = false;

  explicit Other(const kube::Lease& written)
      : lease(&written),
        classes(names_of(written.metadata.annotation(kClassesAnnotation))),
        namespaces(names_of(written.metadata.annotation(kNamespacesAnnotation))),
        has_classless(written.metadata.annotation(kClasslessAnnotation) == "true") {}
};

std::string refusal_by(const Other& other, const Names& classes) {
  return "the operator " + other.lease->spec.holder_identity + " (Lease " +
         other.lease->metadata.key().text() + ") leads for IngressClass " + text_of(classes) +
         " already, and two would order and write the same. Uninstall one of the two releases, or "
         "give each an IngressClass (--ingress-class) or namespaces (--watch-namespaces) of its "
         "own.";
}

}  // namespace

std::map<std::string, std::string> Release::annotations(bool has_classless) const {
  return {{kClassesAnnotation, text_of(classes)},
          {kNamespacesAnnotation, text_of(namespaces)},
          {kClasslessAnnotation, has_classless ? "true" : "false"}};
}

Standing standing_of(const Release& own, const kube::ObjectKey& own_lease,
                     const std::vector<kube::Lease>& all, const std::vector<kube::Lease>& held) {
  const auto is_held = [&](const kube::Lease& lease) {
    return std::any_of(held.begin(), held.end(), [&](const kube::Lease& one) {
      return one.metadata.key() == lease.metadata.key();
    });
  };
  Standing standing{"", own.may_have_classless, {}};
  for (const kube::Lease& lease : all) {
    const Other other(lease);
    if (lease.metadata.key() == own_lease) continue;
    standing.classes_elsewhere.insert(other.classes.begin(), other.classes.end());
    if (!have_common_namespace(own.namespaces, other.namespaces)) continue;
    const Names classes = common(own.classes, other.classes);
    if (!classes.empty() && is_held(lease)) standing.refusal = refusal_by(other, classes);
    if (classes.empty() && other.has_classless) standing.has_classless = false;
  }
  return standing;
}

}  // namespace program
