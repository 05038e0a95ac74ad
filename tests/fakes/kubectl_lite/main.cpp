// gatehouse-kubectl-lite: the few verbs of kubectl that the demo shows, for machines without it.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/body.h"
#include "tests/fakes/api_server/json_path.h"
#include "tests/fakes/kubectl_lite/describe.h"
#include "tests/fakes/kubectl_lite/resources.h"
#include "tests/fakes/kubectl_lite/rest_client.h"

namespace fakes::kubectl_lite {
namespace {

using api_server::Json;

struct Order {
  std::string kubeconfig;
  std::string namespace_;
  bool all_namespaces = false;
  std::string file;
  std::string kind;
  std::string name;
  std::string output;
  std::vector<std::string> changes;  // of annotate: key=value, key-
};

int fail(const std::string& why) {
  std::cerr << "error: " << why << "\n";
  return 1;
}

// The body, or one sentence from the server's Status.
base::Result<Json> body_of(const base::Result<base::HttpResponse>& answered) {
  if (!answered) return base::failure(answered.error());
  Json body = Json::parse(answered->body, nullptr, false);
  if (answered->status < 300 && !body.is_discarded()) return body;
  const std::string message = api_server::text(body, {"message"});
  return base::failure(base::ErrorKind::invalid,
                       "Error from server (" + api_server::text(body, {"reason"}) +
                           "): " + (message.empty() ? answered->body : message));
}

void print_table(const Json& table) {
  std::vector<std::vector<std::string>> lines(1);
  std::vector<std::size_t> shown;
  const Json& columns = table["columnDefinitions"];
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].value("priority", 0) != 0) continue;
    shown.push_back(i);
    std::string name = columns[i]["name"];
    std::transform(name.begin(), name.end(), name.begin(), ::toupper);
    lines[0].push_back(std::move(name));
  }
  for (const Json& row : table["rows"]) {
    auto& line = lines.emplace_back();
    for (const std::size_t i : shown) {
      const Json& cell = row["cells"][i];
      line.push_back(cell.is_null()     ? ""
                     : cell.is_string() ? cell.get<std::string>()
                                        : cell.dump());
    }
  }
  std::vector<std::size_t> widths(shown.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += line[i];
      if (i + 1 < line.size()) text.append(widths[i] + 3 - line[i].size(), ' ');
    }
    std::cout << text << "\n";
  }
}

// The file itself, or the YAML files of a folder in their order, as kubectl takes them.
std::vector<std::filesystem::path> files_of(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string extension = entry.path().extension();
    if (extension == ".yaml" || extension == ".yml" || extension == ".json") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

int apply_text(const RestClient& client, const Order& order, const std::string& text) {
  const auto documents = api_server::json_of_yaml_stream(text);
  if (!documents) return fail(documents.error().message);
  for (const Json& document : *documents) {
    const auto resource = resource_of_object(client, document);
    if (!resource) return fail(resource.error().message);
    const std::string own = api_server::namespace_of(document);
    const std::string target =
        resource->path(own.empty() ? order.namespace_ : own) + "/" + api_server::name_of(document);
    const auto answered =
        client.send("PATCH", target + "?fieldManager=kubectl&fieldValidation=Strict&force=true",
                    document.dump(), "application/apply-patch+yaml");
    const auto applied = body_of(answered);
    if (!applied) return fail(applied.error().message);
    std::cout << resource->text() << "/" << api_server::name_of(document)
              << (answered->status == 201 ? " created\n" : " configured\n");
  }
  return 0;
}

int apply(const RestClient& client, const Order& order) {
  if (order.file == "-") {
    const std::string text(std::istreambuf_iterator<char>(std::cin), {});
    return apply_text(client, order, text);
  }
  const auto files = files_of(order.file);
  if (files.empty()) return fail("There is no YAML file in " + order.file);
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    if (!in.is_open() || in.bad()) return fail("Cannot read " + file.string());
    if (const int code = apply_text(client, order, text); code != 0) return code;
  }
  return 0;
}

int get(const RestClient& client, const Resource& resource, const Order& order) {
  std::string target = resource.path(order.all_namespaces ? "" : order.namespace_);
  if (!order.name.empty()) target += "/" + order.name;
  if (order.output.empty()) {
    const auto table =
        body_of(client.send("GET", target, "", "", "application/json;as=Table;v=v1;g=meta.k8s.io"));
    if (!table) return fail(table.error().message);
    if ((*table)["rows"].empty()) {
      std::cerr << "No resources found\n";
    } else {
      print_table(*table);
    }
    return 0;
  }
  const auto object = body_of(client.send("GET", target));
  if (!object) return fail(object.error().message);
  if (order.output == "json") {
    std::cout << object->dump(4) << "\n";
  } else if (order.output == "yaml") {
    std::cout << yaml_text(*object);
  } else if (order.output.starts_with("jsonpath=")) {
    std::string shown;
    for (const Json& value : api_server::at_path(*object, order.output.substr(9))) {
      shown += (shown.empty() ? "" : " ") +
               (value.is_string() ? value.get<std::string>() : value.dump());
    }
    std::cout << shown;
  } else {
    return fail("-o wants json, yaml or jsonpath={.one.path}");
  }
  return 0;
}

int describe(const RestClient& client, const Resource& resource, const Order& order) {
  const auto object =
      body_of(client.send("GET", resource.path(order.namespace_) + "/" + order.name));
  if (!object) return fail(object.error().message);
  const std::string own = api_server::namespace_of(*object);
  const auto events =
      body_of(client.send("GET", "/api/v1/namespaces/" + (own.empty() ? "default" : own) +
                                     "/events?fieldSelector=involvedObject.uid%3D" +
                                     api_server::text(*object, {"metadata", "uid"})));
  std::cout << described(*object, events ? (*events)["items"] : Json::array());
  return 0;
}

int annotate(const RestClient& client, const Resource& resource, const Order& order) {
  Json annotations = Json::object();
  for (const std::string& change : order.changes) {
    const std::size_t equals = change.find('=');
    if (equals != std::string::npos) {
      annotations[change.substr(0, equals)] = change.substr(equals + 1);
    } else if (change.ends_with("-")) {
      annotations[change.substr(0, change.size() - 1)] = nullptr;
    } else {
      return fail("an annotation is KEY=VALUE, or KEY- to take it away");
    }
  }
  const auto done = body_of(client.send(
      "PATCH", resource.path(order.namespace_) + "/" + order.name + "?fieldManager=kubectl",
      Json{{"metadata", {{"annotations", annotations}}}}.dump(), "application/merge-patch+json"));
  if (!done) return fail(done.error().message);
  std::cout << resource.text() << "/" << order.name << " annotated\n";
  return 0;
}

int remove(const RestClient& client, const Resource& resource, const Order& order) {
  const auto done =
      body_of(client.send("DELETE", resource.path(order.namespace_) + "/" + order.name));
  if (!done) return fail(done.error().message);
  std::cout << resource.text() << " \"" << order.name << "\" deleted\n";
  return 0;
}

int run(const std::string& verb, Order order) {
  const auto client = RestClient::from_kubeconfig(order.kubeconfig);
  if (!client) return fail(client.error().message);
  if (order.namespace_.empty()) order.namespace_ = client->namespace_();
  if (verb == "apply") return apply(*client, order);
  // KIND/NAME is KIND NAME.
  if (const std::size_t slash = order.kind.find('/'); slash != std::string::npos) {
    if (verb == "annotate" && !order.name.empty()) {
      order.changes.insert(order.changes.begin(), order.name);
    }
    order.name = order.kind.substr(slash + 1);
    order.kind.resize(slash);
  }
  const auto resource = resource_named(*client, order.kind);
  if (!resource) return fail(resource.error().message);
  if (verb == "get") return get(*client, *resource, order);
  if (order.name.empty()) return fail(verb + " wants a name");
  if (verb == "describe") return describe(*client, *resource, order);
  if (verb == "annotate") return annotate(*client, *resource, order);
  return remove(*client, *resource, order);
}

}  // namespace
}  // namespace fakes::kubectl_lite

int main(int argc, char** argv) {
  CLI::App app{"A few verbs of kubectl, for machines without it."};
  fakes::kubectl_lite::Order order;
  if (const char* path = std::getenv("KUBECONFIG")) order.kubeconfig = path;
  app.add_option("--kubeconfig", order.kubeconfig, "The kubeconfig; else $KUBECONFIG");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("-n,--namespace", order.namespace_, "The namespace; else the context's");
  CLI::App* apply = app.add_subcommand("apply", "Apply YAML on the server's side");
  apply->add_option("-f,--filename", order.file, "The file or folder, or - for standard input")
      ->required();
  const auto named = [&](const char* verb, const char* help) {
    CLI::App* command = app.add_subcommand(verb, help);
    command->add_option("kind", order.kind, "ingress, ing, ingresses, secrets/NAME ...")
        ->required();
    command->add_option("name", order.name, "The object's name");
    return command;
  };
  CLI::App* get = named("get", "Show objects");
  get->add_option("-o,--output", order.output, "json, yaml or jsonpath={.one.path}");
  get->add_flag("-A,--all-namespaces", order.all_namespaces, "In every namespace");
  named("describe", "Show an object with its Events");
  named("annotate", "Change annotations: KEY=VALUE or KEY-")
      ->add_option("changes", order.changes, "KEY=VALUE or KEY-");
  named("delete", "Delete an object");
  CLI11_PARSE(app, argc, argv);
  return fakes::kubectl_lite::run(app.get_subcommands().front()->get_name(), order);
}
