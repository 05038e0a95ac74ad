#include "tests/weather/figures.h"

#include <chrono>
#include <sstream>
#include <string>

#include "operator/ingress/compiler.h"
#include "operator/routing/shared_entries.h"
#include "tests/operator/ingress/cluster_builder.h"
#include "tests/weather/scene.h"

namespace weather {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kCertificates = 300;
constexpr int kManyCertificates = 3000;
constexpr int kProxies = 60;
constexpr int kIngresses = 10'000;
// A server answers within 20 ms, and eight workers ask at the same time.
constexpr std::chrono::microseconds kTimeOfARequest{20'000 / 8};

template <class Work>
long long milliseconds_of(const Work& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began).count();
}

void row(std::ostream& out, const std::string& what, long long figure, const char* unit = "") {
  out << "| " << what << " | " << figure << unit << " |\n";
}

void proxies_that_come_and_go(std::ostream& out, Scene& scene) {
  operator_test::World& world = scene.world();
  scene.start_counting();
  const int handshakes = world.data_plane.serial_looks;
  for (int i = 0; i < kProxies; ++i) {
    world.data_plane.ready = static_cast<std::size_t>(3 + i);
    world.proxies_changed();
    world.run_for(seconds(1));
  }
  for (int i = kProxies; i > 0; --i) {
    world.data_plane.ready = static_cast<std::size_t>(2 + i);
    world.proxies_changed();
    world.run_for(seconds(1));
  }
  row(out, "60 proxies come and go under them: writes to the API", scene.writes());
  row(out, "looks at what the proxies serve", world.data_plane.serial_looks - handshakes);
}

void many_at_once(std::ostream& out, int many) {
  fakes::FakeClock* clock = nullptr;
  fakes::AcmeServer::Options options;
  options.on_request = [&clock] {
    if (clock != nullptr) clock->advance(kTimeOfARequest);
  };
  Scene scene(options);
  clock = &scene.clock();
  operator_test::World& world = scene.world();
  scene.start_counting();
  const auto began = world.clock.steady_now();
  const auto since = [&] {
    return std::chrono::duration_cast<milliseconds>(world.clock.steady_now() - began);
  };
  // In slices of the simulated clock: the figures are as fine as these.
  const auto time_until_issued = [&](int count) {
    while (static_cast<int>(world.ca.issued().size()) < count && since() < hours(1)) {
      world.run_for(milliseconds(100));
    }
    return since().count();
  };
  long long tenth = 0;
  long long half = 0;
  long long all = 0;
  const long long real = milliseconds_of([&] {
    for (int i = 0; i < many; ++i) scene.want("c" + std::to_string(i));
    tenth = time_until_issued(many / 10);
    half = time_until_issued(many / 2);
    all = time_until_issued(many);
  });
  row(out,
      std::to_string(many) + " Certificates at once: a tenth issued after, on the simulated clock",
      tenth, " ms");
  row(out, "half issued after", half, " ms");
  row(out, "all issued after", all, " ms");
  row(out, "orders", scene.orders());
  row(out, "requests to the ACME server", scene.requests());
  world.run_for(minutes(1));
  row(out, "writes to the API", scene.writes());
  row(out, "time of this machine for it, fakes and all", real, " ms");
  if (many == kCertificates) proxies_that_come_and_go(out, scene);
}

void one_change_of_many(std::ostream& out) {
  ingress_test::ViewBuilder builder;
  builder.service("shop/web", 80, {"10.1.0.1", "10.1.0.2"});
  const auto an_ingress_of = [](int i, const std::string& path) {
    const std::string name = "i" + std::to_string(i);
    return ingress_test::an_ingress("shop/" + name)
        .path(name + ".shop.example", path, "web", 80)
        .get();
  };
  for (int i = 0; i < kIngresses; ++i) {
    builder.ingress(std::make_shared<const kube::Ingress>(an_ingress_of(i, "/")));
  }
  ingress::ClusterView& view = builder.view;
  proxy::config::ProxyConfig config;
  row(out, "10,000 Ingresses are compiled in",
      milliseconds_of([&] { config = ingress::compile(view).config; }), " ms");
  view.ingresses[kIngresses / 2] =
      std::make_shared<const kube::Ingress>(an_ingress_of(kIngresses / 2, "/changed"));
  row(out, "and after one change, with all that stays the same shared, in", milliseconds_of([&] {
        config = routing::share_unchanged(config, ingress::compile(view).config);
      }),
      " ms");
}

}  // namespace

std::string figures() {
  std::ostringstream out;
  out << "| what | figure |\n|---|---:|\n";
  many_at_once(out, kCertificates);
  many_at_once(out, kManyCertificates);
  one_change_of_many(out);
  return out.str();
}

}  // namespace weather
