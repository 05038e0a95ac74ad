#include "operator/check/command.h"

#include <algorithm>
#include <filesystem>
#include <istream>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kube/config.h"
#include "kube/file_text.h"
#include "kube/resources/config_map.h"
#include "kube/resources/ingress_class.h"
#include "kube/resources/namespace.h"
#include "kube/resources/secret.h"
#include "kube/yaml_objects.h"
#include "operator/check/manifests.h"
#include "operator/check/report.h"

namespace check {
namespace {

namespace fs = std::filesystem;

// All charts of a large company, rendered, are below.
constexpr std::size_t kFileBytesMax = 64u << 20;

struct Flags {
  std::vector<std::string> files;
  bool cluster = false;
  std::string kubeconfig;
  std::string context;
  std::vector<std::string> ingress_classes;
  std::string output;
  bool request_buffering = true;
  bool shared_hosts = false;
};

void describe(CLI::App& app, Flags& flags) {
  auto* files =
      app.add_option("-f,--filename", flags.files,
                     "A file of manifests (YAML or JSON), a folder of them, whose "
                     "subfolders are read, too, or - for standard input; may be repeated");
  auto* cluster = app.add_flag("--cluster", flags.cluster,
                               "Look at the cluster instead; nothing is written there");
  files->excludes(cluster);
  app.add_option("--kubeconfig", flags.kubeconfig, "As of the operator itself")->needs(cluster);
  app.add_option("--context", flags.context, "As of the operator itself")->needs(cluster);
  app.add_option(
      "--ingress-class", flags.ingress_classes,
      "Look at the Ingresses of this IngressClass, and of those of Gatehouse, alone: such "
      "as nginx before a move; may be repeated. Without it every Ingress counts, whatever "
      "its class");
  app.add_flag("--request-buffering,!--no-request-buffering", flags.request_buffering,
               "As of the operator itself")
      ->default_str("true");
  app.add_flag("--shared-hosts,!--no-shared-hosts", flags.shared_hosts,
               "As of the operator itself");
  app.add_option("-o,--output", flags.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->default_val("table");
  app.footer(
      "Every Ingress counts as one of Gatehouse's, whatever its class: of its own class where that "
      "is of Gatehouse's controller, else of the class gatehouse; what EdgeParameters say of the "
      "class counts. Of manifests there is one "
      "rule: what is there counts as it is, and a Service, its endpoints, a Secret (under tls, for "
      "passwords, for TLS to backends) that is named and not there is taken to be well. Of a "
      "cluster "
      "nothing is assumed.\nExit status: 0 all are served as they ask; 1 some are not; 2 something "
      "could not be read.");
}

bool is_manifest(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

// In the order of their names, so that one folder has one outcome.
std::vector<std::string> manifests_below(const fs::path& folder, std::error_code& error) {
  std::vector<std::string> paths;
  for (auto entry = fs::recursive_directory_iterator(folder, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored) && is_manifest(entry->path()))
      paths.push_back(entry->path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void add_text(const std::string& source, const std::string& text, Manifests& manifests) {
  const auto objects = kube::read_yaml_objects(text);
  if (!objects) return manifests.add_problem(source, objects.error().message);
  for (const nlohmann::json& object : *objects) manifests.add(source, object);
}

void add_file(const std::string& path, Manifests& manifests) {
  const auto text = kube::read_file_text(path, kFileBytesMax);
  if (!text) return manifests.add_problem(path, text.error().message);
  add_text(path, *text, manifests);
}

void add_path(const std::string& path, std::istream& in, Manifests& manifests) {
  if (path == "-") {
    return add_text("standard input", std::string(std::istreambuf_iterator<char>(in), {}),
                    manifests);
  }
  std::error_code error;
  if (!fs::is_directory(path, error)) return add_file(path, manifests);
  const std::vector<std::string> files = manifests_below(path, error);
  if (error) return manifests.add_problem(path, error.message());
  if (files.empty()) return manifests.add_problem(path, "there is no .yaml, .yml or .json in it");
  for (const std::string& file : files) add_file(file, manifests);
}

void add_cluster(const Flags& flags, const base::Clock& clock, Manifests& manifests) {
  const auto config =
      kube::find_config(flags.kubeconfig, flags.context, kube::process_environment(), clock);
  if (!config) return manifests.add_problem("the cluster", config.error().message);
  const auto client = kube::connect(*config, clock, "gatehouse-operator-check");
  const auto add_all = [&](const kube::ResourceType& type, const std::string& fields) {
    kube::ListOptions options;
    options.field_selector = fields;
    const auto objects = client->list_all(type, options);
    if (objects) {
      for (const nlohmann::json& object : *objects) manifests.add("the cluster", object);
      return;
    }
    // Before the install there are no Certificates of ours.
    if (objects.error().kind == base::ErrorKind::not_found) return;
    manifests.add_problem("the cluster", objects.error().message);
  };
  add_all(kube::Ingress::type(), "");
  add_all(kube::IngressClass::type(), "");
  add_all(api::EdgeParameters::type(), "");
  add_all(kube::Service::type(), "");
  add_all(kube::EndpointSlice::type(), "");
  add_all(kube::Namespace::type(), "");
  add_all(api::Certificate::type(), "");
  add_all(kube::Secret::type(), "type=kubernetes.io/tls");
  // Each by its name: no other Secret or ConfigMap is read.
  const auto add_named = [&](const kube::ResourceType& type,
                             const std::set<kube::ObjectKey>& keys) {
    for (const kube::ObjectKey& key : keys) {
      const auto object = client->get(type, key);
      if (object) {
        manifests.add("the cluster", *object);
      } else if (object.error().kind != base::ErrorKind::not_found) {
        manifests.add_problem("the cluster", object.error().message);
      }
    }
  };
  add_named(kube::Secret::type(), manifests.auth_secrets_named());
  add_named(kube::ConfigMap::type(), manifests.field_maps_named());
}

}  // namespace

int run(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err,
        const base::Clock& clock) {
  Flags flags;
  CLI::App app("What each Ingress would become here, before anything is switched over",
               "gatehouse-operator check");
  describe(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? 0 : 2;
  }
  if (flags.files.empty() && !flags.cluster) {
    err << "gatehouse-operator check: say -f FILE, -f FOLDER, -f - or --cluster\n";
    return 2;
  }
  Manifests manifests;
  if (flags.cluster) add_cluster(flags, clock, manifests);
  for (const std::string& path : flags.files) add_path(path, in, manifests);

  ingress::ClusterView view = manifests.view(
      clock.now(), flags.cluster, {flags.ingress_classes.begin(), flags.ingress_classes.end()});
  view.buffers_requests = flags.request_buffering;
  view.shares_hosts = flags.shared_hosts;
  const Outlook outlook = outlook_of(view);
  if (!outlook.problem.empty()) manifests.add_problem("the proxies' contract", outlook.problem);
  const std::vector<IngressReport>& reports = outlook.reports;
  out << (flags.output == "json" ? to_json(reports, manifests.problems())
                                 : to_table(reports, manifests.problems()));
  return exit_status(reports, manifests.problems());
}

}  // namespace check
