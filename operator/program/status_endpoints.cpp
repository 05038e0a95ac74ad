#include "operator/program/status_endpoints.h"

#include <utility>

#include "base/metrics.h"

namespace program {
namespace {

base::HttpResponse text(int status, std::string body,
                        const std::string& type = "text/plain; charset=utf-8") {
  base::HttpResponse response;
  response.status = status;
  response.headers.emplace("content-type", type);
  response.body = std::move(body);
  return response;
}

base::HttpResponse answer(const Question& why_not) {
  const std::string reason = why_not();
  return reason.empty() ? text(200, "ok\n") : text(503, reason + "\n");
}

// Kubelets and Prometheus, a handful of each; the others are strangers.
constexpr std::size_t kConnectionsMax = 64;
constexpr std::size_t kPerOriginMax = 32;

base::HttpServer::Options at(const ListenAddress& address, const char* name) {
  base::HttpServer::Options options;
  options.name = name;
  options.connections_max = kConnectionsMax;
  options.per_origin_max = kPerOriginMax;
  options.address = address.address;
  options.port = address.port;
  options.body_bytes_max = 4096;
  return options;
}

bool is_read(const base::ServedRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

base::Result<std::unique_ptr<base::HttpServer>> serve_health(const ListenAddress& address,
                                                             Question why_not_live,
                                                             Question why_not_ready) {
  return base::HttpServer::listen(
      at(address, "the health endpoint"),
      [live = std::move(why_not_live), ready = std::move(why_not_ready)](
          const base::ServedRequest& request, const base::Respond& respond) {
        if (!is_read(request)) return respond(text(405, "only GET is served here\n"));
        if (request.path == "/livez") return respond(answer(live));
        if (request.path == "/readyz") return respond(answer(ready));
        respond(text(404, "here are /livez and /readyz\n"));
      });
}

base::Result<std::unique_ptr<base::HttpServer>> serve_metrics(
    const ListenAddress& address, std::shared_ptr<prometheus::Registry> registry,
    std::function<void(std::string& page)> add_more) {
  return base::HttpServer::listen(
      at(address, "the metrics endpoint"),
      [registry = std::move(registry), add_more = std::move(add_more)](
          const base::ServedRequest& request, const base::Respond& respond) {
        if (!is_read(request)) return respond(text(405, "only GET is served here\n"));
        if (request.path != "/metrics") return respond(text(404, "here is /metrics\n"));
        std::string page = base::to_prometheus_text(*registry);
        add_more(page);
        // It may have megabytes, so it is not copied behind its head.
        respond(base::ServedAnswer(text(200, "", base::kPrometheusContentType),
                                   std::make_shared<const std::string>(std::move(page))));
      });
}

}  // namespace program
