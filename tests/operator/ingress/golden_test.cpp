#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube/yaml_objects.h"
#include "operator/ingress/certificate_plan.h"
#include "operator/ingress/compiler.h"
#include "proxy/config/wire.h"
#include "tests/operator/ingress/cluster_builder.h"

// Objects as users write them, in; the configuration and what the users are told, out. Each
// tests/golden/ingress/NAME.yaml has its expectation in NAME.json; UPDATE_GOLDEN=1 writes it, and
// the difference is for a reviewer to read. In these files a Secret's annotation test/names stands
// for its certificate, and test/problem for what is wrong with it.
namespace ingress {
namespace {

using routing::Complaint;
using routing::Complaints;
using routing::Severity;

std::filesystem::path golden_directory() {
  return std::filesystem::path(GATEHOUSE_GOLDEN_DIR) / "ingress";
}

template <class T>
void add(ClusterView::Objects<T>& objects, const nlohmann::json& json) {
  auto object = T::from_json(json);
  ASSERT_TRUE(object) << object.error().message;
  objects.push_back(std::make_shared<const T>(std::move(*object)));
}

void add_secret(ingress_test::ViewBuilder& cluster, const kube::ObjectMeta& metadata) {
  const std::string problem = metadata.annotation("test/problem");
  if (!problem.empty()) {
    cluster.broken_secret(metadata.key().text(), problem);
    return;
  }
  std::istringstream names(metadata.annotation("test/names"));
  std::vector<std::string> list;
  for (std::string name; names >> name;) list.push_back(name);
  cluster.secret(metadata.key().text(), list);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

ClusterView read_cluster(const std::filesystem::path& path) {
  ingress_test::ViewBuilder cluster;
  ClusterView& view = cluster.view;
  view.classes.clear();
  view.class_names = {"edge", "gatehouse"};
  const auto objects = kube::read_yaml_objects(read_file(path)).value();
  for (const nlohmann::json& object : objects) {
    const std::string kind = object.at("kind");
    if (kind == "Ingress") add(view.ingresses, object);
    if (kind == "IngressClass") add(view.classes, object);
    if (kind == "Service") add(view.services, object);
    if (kind == "EndpointSlice") add(view.slices, object);
    if (kind == "Certificate") add(view.certificates, object);
    if (kind == "Secret") add_secret(cluster, kube::read_meta(object));
  }
  return view;
}

const char* name_of(Severity severity) {
  switch (severity) {
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
    case Severity::pending:
      return "pending";
  }
  return "?";
}

nlohmann::json to_json(const Complaints& complaints) {
  nlohmann::json list = nlohmann::json::array();
  for (const Complaint& complaint : complaints) {
    list.push_back({{"ingress", complaint.claimant.key().text()},
                    {"severity", name_of(complaint.severity)},
                    {"reason", complaint.reason},
                    {"message", complaint.message}});
  }
  return list;
}

std::string outcome_of(const ClusterView& view) {
  const Compiled compiled = compile(view);
  const auto valid = proxy::config::validate(compiled.config);
  EXPECT_TRUE(valid) << valid.error().message;
  const CertificatePlan plan = plan_certificates(view);
  nlohmann::json certificates = nlohmann::json::object();
  for (const auto& [key, apply] : plan.apply) {
    certificates[key.text()] = {{"owner", apply.owner.name},
                                {"spec", api::spec_to_json(apply.spec)}};
  }
  Complaints complaints = compiled.complaints;
  complaints.insert(complaints.end(), plan.complaints.begin(), plan.complaints.end());
  const nlohmann::json outcome = {
      {"config", nlohmann::json::parse(proxy::config::config_to_json(compiled.config))},
      {"complaints", to_json(complaints)},
      {"certificates", certificates}};
  return outcome.dump(2) + "\n";
}

TEST(GoldenIngress, EveryClusterCompilesToWhatIsWrittenBesideIt) {
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(golden_directory())) {
    if (entry.path().extension() != ".yaml") continue;
    ++seen;
    const std::string outcome = outcome_of(read_cluster(entry.path()));
    auto expected = entry.path();
    expected.replace_extension(".json");
    if (std::getenv("UPDATE_GOLDEN")) std::ofstream(expected) << outcome;
    EXPECT_EQ(outcome, read_file(expected)) << entry.path();
  }
  EXPECT_GT(seen, 0u);
}

}  // namespace
}  // namespace ingress
