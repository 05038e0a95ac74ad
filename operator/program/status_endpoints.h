#pragma once

#include <functional>
#include <memory>
#include <string>

#include <prometheus/registry.h>

#include "base/http_server.h"
#include "base/result.h"
#include "operator/program/options.h"

namespace program {

// Why something is not so; empty when it is.
using Question = std::function<std::string()>;

// GET /livez and /readyz: 200 "ok", or 503 with the reason.
base::Result<std::unique_ptr<base::HttpServer>> serve_health(const ListenAddress& address,
                                                             Question why_not_live,
                                                             Question why_not_ready);

// GET /metrics, in Prometheus' text format: of the registry, and what add_more adds to the page.
base::Result<std::unique_ptr<base::HttpServer>> serve_metrics(
    const ListenAddress& address, std::shared_ptr<prometheus::Registry> registry,
    std::function<void(std::string& page)> add_more);

}  // namespace program
