#include "proxy/config/dialect.h"

#include <type_traits>
#include <utility>

#include "proxy/config/fields.h"
#include "proxy/config/rendering.h"

namespace proxy::config {
namespace {

// Of what a proxy says of itself in a query: some hundreds of names.
constexpr std::size_t kDialectBytesMax = 16'384;
// No field: what revisions are.
constexpr const char* kTreeRevisionFeature = "revision.tree";

template <class T>
void add_features(std::set<std::string>& features);

// Of the structs that are part of a member.
template <class Value>
void add_features_of_parts(std::set<std::string>& features) {
  if constexpr (HasFields<Value>) {
    add_features<Value>(features);
  } else if constexpr (std::is_same_v<Value, Action>) {
    add_features<FixedAnswer>(features);
  } else if constexpr (MayBeMissing<Value> || IsVector<Value>::value) {
    add_features_of_parts<typename Value::value_type>(features);
  }
}

template <class T>
void add_features(std::set<std::string>& features) {
  const T any{};
  for_each_field<T>(
      [&](const auto& field, bool in_first_release, const auto& member) {
        if (!in_first_release) features.insert(feature_of<T>(field));
        add_features_of_parts<std::remove_cvref_t<decltype(member)>>(features);
      },
      any);
}

std::set<std::string> all_features() {
  std::set<std::string> features;
  add_features<Cluster>(features);
  add_features<VirtualHost>(features);
  add_features<Certificate>(features);
  add_features<ChallengeAnswer>(features);
  add_features<Guards>(features);
  add_features<Shape>(features);
  add_features<Arrivals>(features);
  features.insert(kTreeRevisionFeature);
  return features;
}

template <class T>
bool render(const Rendering& rendering, ProxyConfig::Section<T>& section) {
  bool is_changed = false;
  for (const auto& [key, value] : ProxyConfig::Section<T>(section)) {
    T copy = *value;
    if (!rendering.take_from(copy)) continue;
    section.insert_or_assign(key, std::make_shared<const T>(std::move(copy)));
    is_changed = true;
  }
  return is_changed;
}

}  // namespace

const Dialect& Dialect::own() {
  static const Dialect dialect = [] {
    Dialect all;
    all.features_ = all_features();
    return all;
  }();
  return dialect;
}

Dialect Dialect::read(std::string_view text) {
  Dialect dialect;
  if (text.size() > kDialectBytesMax) return dialect;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string feature(text.substr(0, comma));
    if (own().knows(feature)) dialect.features_.insert(std::move(feature));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return dialect;
}

Revisions Dialect::revisions() const {
  return knows(kTreeRevisionFeature) ? Revisions::of_tree : Revisions::of_list;
}

std::string Dialect::text() const {
  std::string text;
  for (const std::string& feature : features_) {
    if (!text.empty()) text += ',';
    text += feature;
  }
  return text;
}

std::shared_ptr<const ProxyConfig> rendered(const std::shared_ptr<const ProxyConfig>& config,
                                            const Dialect& dialect) {
  if (dialect == Dialect::own()) return config;
  ProxyConfig copy = *config;
  const Rendering rendering(dialect);
  bool is_changed = render(rendering, copy.clusters);
  is_changed |= render(rendering, copy.hosts);
  is_changed |= render(rendering, copy.certificates);
  is_changed |= render(rendering, copy.challenges);
  if (dialect.knows("route.guardedBy")) {
    is_changed |= render(rendering, copy.guards);
  } else if (!copy.guards.empty()) {
    copy.guards.clear();  // what they guard has been closed above
    is_changed = true;
  }
  if (dialect.knows("route.shapedBy")) {
    is_changed |= render(rendering, copy.shapes);
  } else if (!copy.shapes.empty()) {
    copy.shapes.clear();
    is_changed = true;
  }
  if (dialect.knows("arrivals.trustedProxies")) {
    is_changed |= render(rendering, copy.arrivals);
  } else if (!copy.arrivals.empty()) {
    copy.arrivals.clear();
    is_changed = true;
  }
  return is_changed ? std::make_shared<const ProxyConfig>(std::move(copy)) : config;
}

}  // namespace proxy::config
