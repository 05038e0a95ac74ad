#include "tests/fakes/api_server/server.h"

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/api.h"
#include "tests/fakes/api_server/base64.h"
#include "tests/fakes/api_server/body.h"
#include "tests/fakes/api_server/https_server.h"

namespace fakes::api_server {

struct Server::State {
  State(Auth auth, std::chrono::milliseconds bookmark_interval)
      : api(std::move(auth), bookmark_interval) {}

  ServingCertificate certificate;
  std::string admin_token;
  Api api;
  std::unique_ptr<HttpsServer> https;
};

base::Result<std::unique_ptr<Server>> Server::start(ServerOptions options) {
  auto certificate = make_serving_certificate();
  if (!certificate) return base::failure(certificate.error());
  Auth auth;
  const std::string admin_token = "admin-" + new_uid();
  auth.add_user(admin_token, {"kubernetes-admin", "", {"system:masters"}});
  for (auto& user : options.users) auth.add_user(user.token, {user.name, "", user.groups});
  for (const auto& account : options.service_accounts) {
    auth.add_service_account(account.namespace_, account.name, account.token, account.audience);
  }
  auto state = std::make_unique<State>(std::move(auth), options.bookmark_interval);
  state->certificate = std::move(*certificate);
  state->admin_token = admin_token;
  auto https = HttpsServer::start(
      options.port, state->certificate.certificate_pem, state->certificate.key_pem,
      [&api = state->api](const Request& request) { return api.answer(request); });
  if (!https) return base::failure(https.error());
  state->https = std::move(*https);
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() {
  // Watches end first, so that their connections' threads can be waited for.
  state_->api.stop();
  state_->https.reset();
}

std::string Server::url() const {
  return "https://127.0.0.1:" + std::to_string(state_->https->port());
}

const std::string& Server::ca_pem() const {
  return state_->certificate.ca_pem;
}
const std::string& Server::admin_token() const {
  return state_->admin_token;
}

std::string Server::kubeconfig() const {
  return "apiVersion: v1\n"
         "kind: Config\n"
         "clusters:\n"
         "- name: gatehouse-fake\n"
         "  cluster:\n"
         "    server: " +
         url() + "\n    certificate-authority-data: " + to_base64(ca_pem()) +
         "\nusers:\n"
         "- name: admin\n"
         "  user:\n"
         "    token: " +
         admin_token() +
         "\ncontexts:\n"
         "- name: gatehouse-fake\n"
         "  context:\n"
         "    cluster: gatehouse-fake\n"
         "    user: admin\n"
         "    namespace: default\n"
         "current-context: gatehouse-fake\n";
}

namespace {

base::ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return base::ErrorKind::denied;
    case 404:
      return base::ErrorKind::not_found;
    case 409:
      return base::ErrorKind::conflict;
    case 410:
      return base::ErrorKind::expired;
    case 429:
      return base::ErrorKind::rate_limited;
    case 503:
    case 504:
      return base::ErrorKind::unavailable;
    default:
      return base::ErrorKind::invalid;
  }
}

void read_target(const std::string& target, Request& request) {
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  std::string_view rest =
      mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = pair.find('=');
    request.query[percent_decoded(pair.substr(0, equals))] =
        equals == std::string_view::npos ? "" : percent_decoded(pair.substr(equals + 1));
  }
}

}  // namespace

base::Result<std::string> Server::request(const std::string& method, const std::string& target,
                                          const std::string& body,
                                          const std::string& content_type) {
  Request request;
  request.method = method;
  read_target(target, request);
  request.headers = {{"authorization", "Bearer " + admin_token()},
                     {"content-type", content_type},
                     {"user-agent", "test"}};
  request.body = body;
  const Reply reply = state_->api.answer(request);
  if (reply.stream || reply.hang_up) {
    return base::failure(base::ErrorKind::protocol, "A watch needs a socket");
  }
  if (reply.status < 300) return reply.body;
  const Json status = Json::parse(reply.body, nullptr, false);
  return base::failure(kind_of(reply.status), text(status, {"message"}));
}

base::Status Server::apply_yaml(const std::string& yaml) {
  auto documents = json_of_yaml_stream(yaml);
  if (!documents) return base::failure(base::ErrorKind::invalid, documents.error().message);
  for (const Json& document : *documents) {
    const std::string what = text(document, {"kind"}) + " " + name_of(document);
    const auto target = state_->api.target_of(document);
    if (!target) {
      return base::failure(base::ErrorKind::invalid, "No such kind is served: " + what);
    }
    const auto applied =
        request("PATCH", *target + "?fieldManager=test&force=true&fieldValidation=Strict",
                document.dump(), "application/apply-patch+yaml");
    if (!applied) return base::failure(base::while_doing("applying " + what, applied.error()));
  }
  return {};
}

Misbehaviour& Server::misbehaviour() {
  return state_->api.misbehaviour();
}
void Server::compact() {
  state_->api.compact();
}
std::vector<Write> Server::writes() const {
  return state_->api.writes().all();
}
void Server::forget_writes() {
  state_->api.writes().clear();
}
void Server::on_write(std::function<void(const Write&)> listener) {
  state_->api.writes().on_write(std::move(listener));
}

}  // namespace fakes::api_server
