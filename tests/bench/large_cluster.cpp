// What the whole operator costs by the size of its cluster: the real program beside an in-memory
// API server, real proxies and a CA, with N shops that each have an Ingress, a Service with a
// slice, a Certificate that is ready and its Secret.
//
//   bench-large-cluster [--json FILE] [--only STEP,STEP] [--NUMBER COUNT] [SIZE...]
//   bench-large-cluster --check [--only STEP,STEP] [SIZE...]
//
// NUMBER is one of Settings: proxies, fleet, changes, swaps, many. For profiles (profile_cluster)
// there are --operator PROGRAM and --around COMMAND.
//
// Processor time and resident memory of the operator's process and of proxies, and counts: orders
// at the CA, writes at the API server, handshakes at the proxies, what passes to them. Wall times
// are printed as a remark. With --check nothing but counts is looked at, and fails where one is
// above its bound. Steps: change, storm, swap, unrelated, burst, proxies, at-once, beside, many.
//
// To look costs what is looked at: a page of the operator's metrics has three lines for each
// Certificate. So none is asked for while a change is measured, and what the others took is left
// out.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/curl_transport.h"
#include "base/tls_handshake.h"
#include "tests/bench/shops.h"
#include "tests/bench/sizes.h"

namespace {

using bench::Shops;
using integration::wait_until;
using std::chrono::milliseconds;
using std::chrono::minutes;

struct Settings {
  bool is_check = false;
  int proxies = 19;              // that join the first, for a change that all are told
  int fleet = 50;                // proxies beside the first that are rolled and leave
  int coming_and_going = 60;     // proxies
  int at_once = 300;             // Ingresses whose certificates are to be issued
  int many = 10'000;             // the same in a cluster that has nothing else; 0: not
  int changes = 200;             // of each kind, within kTimeOfChanges
  int swaps = 1'000;             // of one certificate
  std::string operator_program;  // empty: the operator itself
  // A command that is told, with "rest PID", when an operator has restarted and rests, and with
  // "begin PID ROW" and "end PID ROW" around changes that are measured; empty: none.
  std::string around;
  std::set<std::string> only;
  bool wants(const std::string& step) const { return only.empty() || only.count(step) != 0; }
};

constexpr std::chrono::milliseconds kTimeOfChanges{10'000};

// One size's results; a bound makes a count of it.
class Results {
 public:
  void note(const std::string& row, double value) {
    rows_.emplace_back(row, value);
    std::cerr << "  " << row << ": " << value << std::endl;
  }
  void count(const std::string& row, double value, double bound) {
    note(row, value);
    if (value > bound) {
      too_many_.push_back(row + ": " + std::to_string(value) + ", at most " +
                          std::to_string(bound));
    }
  }
  void add(const Results& more) {
    rows_.insert(rows_.end(), more.rows_.begin(), more.rows_.end());
    too_many_.insert(too_many_.end(), more.too_many_.begin(), more.too_many_.end());
  }
  const std::vector<std::pair<std::string, double>>& rows() const { return rows_; }
  const std::vector<std::string>& too_many() const { return too_many_; }

 private:
  std::vector<std::pair<std::string, double>> rows_;
  std::vector<std::string> too_many_;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// So many of a hundred of them are at most this.
double percentile(std::vector<double> values, std::size_t percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() * percent / 100, values.size() - 1)];
}

// One size, from an empty cluster to its end.
class Run {
 public:
  Run(const Settings& settings, int size) : settings_(settings), size_(size) {}

  Results go() {
    issue("alone");
    fill();
    restart("restart");
    if (settings_.wants("change")) change("1 proxy", 1);
    if (settings_.wants("storm")) storm();
    if (settings_.wants("swap")) swap();
    if (settings_.wants("unrelated")) unrelated();
    if (settings_.wants("burst")) burst();
    if (settings_.wants("proxies")) crowd();
    if (settings_.wants("at-once")) issue_at_once(settings_.at_once);
    if (settings_.wants("beside")) issue("beside N others");
    return results_;
  }

  // Certificates for so many Ingresses, instead of all that.
  Results issue_many() {
    shops_.issue("showroom-0");  // makes connections
    issue_at_once(size_);
    return results_;
  }

 private:
  using Change = std::function<void(int)>;

  // What has been done so far.
  struct Counts {
    double processor_ms = 0;  // of the operator, without what looking took
    double writes = 0;        // without Events and the Lease
    double events = 0;
    double orders = 0;
    double compilations = 0;
    double deltas = 0;
    double contents = 0;  // requests of proxies for certificates that they do not hold
    double handshakes = 0;
    std::chrono::steady_clock::time_point seen_at{};
  };

  // What comes by chance: a Certificate that was well is looked at each twelve hours, by a
  // handshake at every proxy, and many of them are often. Three times as many as are to be expected
  // since then, as chance has it, and those of a few Certificates.
  double looks_at_most(const Counts& before, const Counts& after) const {
    constexpr double kSecondsOfSample = 12 * 3600;
    const std::chrono::duration<double> time = after.seen_at - before.seen_at;
    const double at_proxies = static_cast<double>(proxies_.size());
    return at_proxies * (5 + 3 * time.count() * size_ / kSecondsOfSample);
  }

  integration::Installation& installation() { return shops_.installation(); }
  int pid() { return installation().operator_process().pid(); }

  std::string page(const std::string& url) {
    base::HttpRequest request;
    request.url = url;
    const auto answer = transport_->send(request, {});
    return answer && answer->status == 200 ? answer->body : std::string();
  }
  std::string metrics() { return page(installation().operator_url("metrics", "/metrics")); }
  // The same while the operator rests: all that it does meanwhile is to make the page.
  std::string metrics_at_rest() {
    const double before = bench::processor_ms(pid());
    std::string text = metrics();
    looked_ms_ += bench::processor_ms(pid()) - before;
    return text;
  }

  std::string metrics_of(int proxy) {
    return page("http://127.0.0.1:" + std::to_string(installation().proxy_port(proxy, "admin")) +
                "/metrics");
  }
  double handshakes_of(int proxy) {
    return bench::metric(metrics_of(proxy), "gatehouse_proxy_tls_handshakes_total");
  }
  double handshakes() {
    double sum = 0;
    for (const int proxy : proxies_) sum += handshakes_of(proxy);
    return sum;
  }
  // To ask it is no work of the operator's.
  double applied_by_first_proxy() {
    return bench::metric(metrics_of(0), "gatehouse_proxy_config_applied_total");
  }
  double hosts_of_first_proxy() {
    return bench::metric(metrics_of(0), "gatehouse_proxy_config_hosts");
  }

  // Of the operator, without what looking took.
  double processor_ms() { return bench::processor_ms(pid()) - looked_ms_; }

  Counts counts() {
    Counts now;
    now.processor_ms = processor_ms();
    const std::string text = metrics_at_rest();
    now.compilations = bench::metric(text, "gatehouse_compile_duration_seconds_count");
    now.deltas = bench::metric(text, "gatehouse_control_requests_total", "\"delta\"");
    now.contents = bench::metric(text, "gatehouse_control_requests_total", "\"certificates\"");
    for (const auto& write : installation().api().writes()) {
      if (write.manager == "test") continue;
      const bool is_event = write.resource.compare(0, 6, "events") == 0;
      const bool is_lease = write.resource.compare(0, 6, "leases") == 0;
      if (is_event) ++now.events;
      if (!is_event && !is_lease) ++now.writes;
    }
    now.orders = shops_.ca().count("newOrder");
    now.handshakes = handshakes();
    now.seen_at = std::chrono::steady_clock::now();
    return now;
  }

  // For a second the operator takes a fortieth of a core at most. Nothing is asked of it.
  void wait_for_quiet() {
    double before = bench::processor_ms(pid());
    int quiet = 0;
    wait_until(minutes(30), [&] {
      std::this_thread::sleep_for(milliseconds(200));
      const double now = bench::processor_ms(pid());
      quiet = now - before < 5 ? quiet + 1 : 0;
      before = now;
      return quiet >= 5;
    });
  }

  // Nothing waits to be looked at, and nothing was done since the last looks.
  void rest() {
    // On a machine that does other things a busy program may take no time for a while.
    if (!settings_.is_check) wait_for_quiet();
    std::string last;
    int equal = 0;
    const milliseconds pause(settings_.is_check ? 100 : 200);
    const int looks = settings_.is_check ? 5 : 1;
    const bool is_at_rest = wait_until(minutes(30), [&] {
      std::this_thread::sleep_for(pause);
      const std::string text = metrics_at_rest();
      std::ostringstream look;
      look << bench::metric(text, "gatehouse_controller_reconciles_total") << " "
           << bench::metric(text, "gatehouse_control_revisions_total") << " "
           << bench::metric(text, "gatehouse_ingresses") << " "
           << installation().api().writes().size() << " " << handshakes();
      const bool is_busy =
          text.empty() || bench::metric(text, "gatehouse_controller_queue_depth") > 0;
      equal = !is_busy && look.str() == last ? equal + 1 : 0;
      last = look.str();
      return equal >= looks;
    });
    if (!is_at_rest) std::cerr << "  does not come to rest" << std::endl;
  }

  // Waits until the operator knows of so many Ingresses and the proxies live by what it knows. To
  // it those of one address are one. The operator is asked seldom, and first when the proxies are
  // ready, which they are not before they have been told something.
  bool is_live(int ingresses) {
    const milliseconds pause(settings_.is_check ? 5 : 100);
    bool is_first = true;
    return wait_until(minutes(20), [&] {
      std::this_thread::sleep_for(is_first ? milliseconds(5) : pause);
      if (!are_proxies_ready()) return false;
      is_first = false;
      const std::string text = metrics();
      return bench::metric(text, "gatehouse_ingresses") >= ingresses &&
             bench::metric(text, "gatehouse_control_proxy_up_to_date") >= 1;
    });
  }
  bool are_proxies_ready() {
    return std::all_of(proxies_.begin(), proxies_.end(), [this](int proxy) {
      return installation().proxy_readiness(proxy).compare(0, 3, "200") == 0;
    });
  }

  void issue(const std::string& where) {
    std::vector<double> times;
    const int rounds = settings_.is_check ? 2 : 10;
    shops_.issue("showroom-" + std::to_string(issued_++));  // the first one makes connections
    rest();
    const Counts before = counts();
    for (int i = 0; i < rounds; ++i) {
      times.push_back(shops_.issue("showroom-" + std::to_string(issued_++)));
    }
    rest();
    const Counts after = counts();
    const std::string row = "one Ingress to HTTPS, " + where;
    results_.note(row + ", p50, ms of wall time", percentile(times, 50));
    results_.note(row + ", CPU ms", (after.processor_ms - before.processor_ms) / rounds);
    results_.count(row + ", orders", (after.orders - before.orders) / rounds, 1);
    results_.count(row + ", writes", (after.writes - before.writes) / rounds, 6);
    results_.count(row + ", Events", (after.events - before.events) / rounds, 3);
  }

  // In the place of one that was killed.
  void start_operator() {
    installation().start_operator();
    looked_ms_ = 0;
  }

  void fill() {
    installation().kill_operator();
    const auto begin = std::chrono::steady_clock::now();
    shops_.add_ready(size_);
    std::cerr << "  filled in " << seconds_since(begin) << " s" << std::endl;
    const double looks_before = handshakes();
    start_operator();
    is_live(size_);
    // Each is looked at once, soon or late.
    wait_until(minutes(20), [&] {
      std::this_thread::sleep_for(milliseconds(50));
      return handshakes() - looks_before >= size_;
    });
    rest();
    std::cerr << "  at rest after " << seconds_since(begin) << " s" << std::endl;
  }

  // Of an operator whose proxies hold what it will say.
  void restart(const std::string& name) {
    installation().kill_operator();
    installation().api().forget_writes();
    const double orders = shops_.ca().count("newOrder");
    const double handshakes_before = handshakes();
    const auto begin = std::chrono::steady_clock::now();
    start_operator();
    wait_until(minutes(10), [this] {
      std::this_thread::sleep_for(milliseconds(10));
      return installation().operator_readiness().compare(0, 3, "200") == 0;
    });
    results_.note(name + ": until ready, CPU ms", bench::processor_ms(pid()));
    results_.note(name + ": until ready, s of wall time", seconds_since(begin));
    is_live(size_);
    results_.note(name + ": until a proxy has what it holds confirmed, s of wall time",
                  seconds_since(begin));
    rest();
    const Counts after = counts();
    results_.note(name + ": until at rest, CPU ms", after.processor_ms);
    results_.count(name + ": orders", after.orders - orders, 0);
    results_.count(name + ": writes", after.writes, 0);
    results_.count(name + ": Events", after.events, 0);
    results_.count(name + ": configurations passed to a proxy that has it", after.deltas, 0);
    results_.count(name + ": certificates passed to it", after.contents, 0);
    results_.count(name + ": handshakes", after.handshakes - handshakes_before, 5);
    // What is free is given back each five seconds.
    std::this_thread::sleep_for(std::chrono::seconds(settings_.is_check ? 0 : 11));
    results_.note(name + ": peak, MB", bench::resident_peak_mb(pid()));
    results_.note(name + ": at rest, MB", bench::resident_mb(pid()));
    results_.note(name + ": a proxy, MB", proxy_resident_mb());
    tell("rest");
    if (settings_.is_check) return;
    const double idle_before = bench::processor_ms(pid());
    std::this_thread::sleep_for(std::chrono::seconds(20));
    results_.note(name + ": a second at rest, CPU ms",
                  (bench::processor_ms(pid()) - idle_before) / 20);
  }

  void change(const std::string& where, double proxies) {
    add_plain();
    const std::vector<std::pair<std::string, Change>> kinds = {
        {"a path more", [this](int i) { shops_.change_path(i % size_, "/" + fresh()); }},
        {"a path more, plain",
         [this](int i) {
           const int shop = i % plain_;
           shops_.change_plain_path(plain_name(shop), shop, "/" + fresh());
         }},
        {"another endpoint",
         [this](int i) { shops_.change_endpoint(i % size_, fresh_address()); }}};
    for (const auto& [kind, apply] : kinds) {
      const std::string row = kind + ", " + where;
      follow_changes(row, apply, proxies);
      if (!settings_.is_check) spend_on_changes(row, apply);
    }
  }

  // One after the other, each waited for.
  void follow_changes(const std::string& row, const Change& apply, double proxies) {
    const int rounds = settings_.is_check ? 3 : 20;
    std::vector<double> times;
    rest();
    const Counts before = counts();
    for (int i = 0; i < rounds; ++i) {
      const double applied = applied_by_first_proxy();
      apply(i);
      const auto begin = std::chrono::steady_clock::now();
      while (applied_by_first_proxy() <= applied && seconds_since(begin) < 300) {
        std::this_thread::sleep_for(std::chrono::microseconds(500));
      }
      times.push_back(seconds_since(begin) * 1e3);
    }
    rest();
    const Counts after = counts();
    results_.note(row + ", live after its write, p50, ms of wall time", percentile(times, 50));
    results_.count(row + ", writes", (after.writes - before.writes) / rounds, 0);
    results_.count(row + ", answers to each proxy",
                   (after.deltas - before.deltas) / rounds / proxies, 1.5);
    results_.count(row + ", handshakes", after.handshakes - before.handshakes,
                   looks_at_most(before, after));
  }

  // Processor time so far, with nothing asked of any of them.
  struct Spent {
    double operator_ms = 0;
    double proxy_ms = 0;  // the mean of all proxies
  };
  Spent spent() {
    Spent now;
    now.operator_ms = bench::processor_ms(pid());
    for (const int proxy : proxies_) {
      now.proxy_ms += bench::processor_ms(installation().proxy_process(proxy).pid());
    }
    now.proxy_ms /= static_cast<double>(proxies_.size());
    return now;
  }

  // Paced, with what the programs do in that time anyhow, and nobody looks at them.
  void spend_on_changes(const std::string& row, const Change& apply) {
    rest();
    const int changes = settings_.changes;
    tell("begin", row);
    const Spent before = spent();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < changes; ++i) {
      std::this_thread::sleep_until(begin + i * kTimeOfChanges / changes);
      apply(i);
    }
    std::this_thread::sleep_until(begin + kTimeOfChanges);
    const Spent after = spent();
    tell("end", row);
    results_.note(row + ", CPU ms", (after.operator_ms - before.operator_ms) / changes);
    results_.note(row + ", CPU ms of each proxy", (after.proxy_ms - before.proxy_ms) / changes);
  }

  // Rows have no quotes.
  void tell(const std::string& moment, const std::string& row = "") {
    if (settings_.around.empty()) return;
    const std::string command =
        settings_.around + " " + moment + " " + std::to_string(pid()) + " '" + row + "'";
    if (std::system(command.c_str()) != 0) std::cerr << "  failed: " << command << std::endl;
  }

  // Ingresses beside the shops' own that ask for no certificate.
  void add_plain() {
    const int wanted = std::min(size_, settings_.changes);
    if (plain_ == wanted) return;
    const double known = bench::metric(metrics(), "gatehouse_ingresses");
    for (; plain_ < wanted; ++plain_) shops_.add_plain_ingress(plain_name(plain_), plain_, false);
    is_live(static_cast<int>(known) + wanted);
  }
  static std::string plain_name(int shop) { return "plain-" + std::to_string(shop); }

  // Endpoints that come and go all over the cluster, a hundred times a second.
  void storm() {
    rest();
    const int updates = settings_.is_check ? 200 : 1'000;
    const Counts before = counts();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < updates; ++i) {
      std::this_thread::sleep_until(begin + i * milliseconds(10));
      shops_.change_endpoint(i % size_, fresh_address());
    }
    const double took = seconds_since(begin);
    is_live(size_);
    const double live = seconds_since(begin) - took;
    rest();
    const Counts after = counts();
    const std::string row = "storm: 100 slice updates a second";
    results_.note(row + ", reached", updates / took);
    results_.note(row + ", CPU ms for each", (after.processor_ms - before.processor_ms) / updates);
    results_.note(row + ", CPU ms a second", (after.processor_ms - before.processor_ms) / took);
    results_.note(row + ", live after the last, s of wall time", live);
    // It looks each ten seconds anyhow.
    results_.count(row + ", compilations for each",
                   (after.compilations - before.compilations) / updates, 2);
    results_.count(row + ", answers to a proxy for each", (after.deltas - before.deltas) / updates,
                   2);
    results_.count(row + ", writes", after.writes - before.writes, 0);
    results_.count(row + ", handshakes", after.handshakes - before.handshakes,
                   looks_at_most(before, after));
  }

  // Whether the first proxy shows this certificate for a host within a minute.
  bool is_shown(const std::string& host, const std::string& fingerprint) {
    const auto port = static_cast<std::uint16_t>(installation().proxy_port(0, "https"));
    const auto begin = std::chrono::steady_clock::now();
    while (seconds_since(begin) < 60) {
      const auto leaf =
          base::read_served_certificate("127.0.0.1", port, host, std::chrono::seconds(5), {});
      if (leaf && leaf->fingerprint_sha256 == fingerprint) return true;
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    return false;
  }

  // A request for a host, on a connection of its own, that is answered whatever it says: nobody
  // listens where the shop is said to be.
  bool is_answered(const std::string& host) {
    base::CurlOptions options;
    options.verify_peer = false;
    base::HttpRequest request;
    request.url = "https://" + host + "/";
    request.timeout = std::chrono::seconds(5);
    request.connect_to = "127.0.0.1:" + std::to_string(installation().proxy_port(0, "https"));
    return base::make_curl_transport(options)->send(request, {}).has_value();
  }

  // One certificate again and again, while a client asks for its host.
  void swap() {
    const std::string name = "boutique";
    const std::string host = Shops::host_of(name);
    bool is_well = is_shown(host, shops_.add_with_own_certificate(name));
    rest();
    std::atomic<int> asked = 0;
    std::atomic<int> failed = 0;
    std::jthread client([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        ++asked;
        if (!is_answered(host)) ++failed;
        std::this_thread::sleep_for(milliseconds(5));
      }
    });
    const int unmeasured = settings_.swaps / 10;  // what grows once has grown then
    double operator_mb = 0;
    double proxy_mb = 0;
    std::vector<double> times;
    for (int i = 0; is_well && i < unmeasured + settings_.swaps; ++i) {
      if (i == unmeasured) {
        operator_mb = bench::resident_mb(pid());
        proxy_mb = proxy_resident_mb();
      }
      const std::string wanted = shops_.swap_certificate(name);
      const auto begin = std::chrono::steady_clock::now();
      is_well = is_shown(host, wanted);
      if (i >= unmeasured) times.push_back(seconds_since(begin) * 1e3);
    }
    client.request_stop();
    client.join();
    rest();
    // What is free is given back each five seconds.
    std::this_thread::sleep_for(std::chrono::seconds(settings_.is_check ? 0 : 6));
    const std::string row = std::to_string(settings_.swaps) + " swaps of one certificate";
    results_.note(row + ", shown after its Secret was written, p50, ms of wall time",
                  percentile(times, 50));
    results_.note(row + ", the same, p99", percentile(times, 99));
    results_.count(row + ", not shown", is_well ? 0 : 1, 0);
    results_.note(row + ", requests meanwhile", asked);
    results_.count(row + ", requests that failed", failed, 0);
    results_.note(row + ", MB more in a proxy", proxy_resident_mb() - proxy_mb);
    results_.note(row + ", MB more in the operator", bench::resident_mb(pid()) - operator_mb);
  }

  double proxy_resident_mb() { return bench::resident_mb(installation().proxy_process(0).pid()); }

  // Whose certificates are all to be issued.
  void issue_at_once(int count) {
    rest();
    const Counts before = counts();
    const double took = shops_.issue_at_once("sale-" + std::to_string(size_), count);
    const double told_ms = processor_ms();
    rest();
    const Counts after = counts();
    const std::string row = std::to_string(count) + " Ingresses at once";
    results_.note(row + ", until all serve, s of wall time", took);
    results_.note(row + ", until all serve, CPU s", (told_ms - before.processor_ms) / 1e3);
    results_.note(row + ", CPU ms for each", (after.processor_ms - before.processor_ms) / count);
    results_.count(row + ", orders for each", (after.orders - before.orders) / count, 1);
    results_.count(row + ", writes for each", (after.writes - before.writes) / count, 8);
    results_.count(row + ", handshakes for each", (after.handshakes - before.handshakes) / count,
                   4);
    results_.note(row + ", compilations", after.compilations - before.compilations);
  }

  // What no change has had.
  std::string fresh() { return std::to_string(++changes_); }
  std::string fresh_address() {
    const int number = ++changes_;
    return "10." + std::to_string(1 + number / 62'500 % 250) + "." +
           std::to_string(number / 250 % 250) + "." + std::to_string(1 + number % 250);
  }

  void unrelated() {
    struct Kind {
      std::string name;
      std::function<void()> add;
    };
    const std::vector<Kind> kinds = {
        {"5 N Secrets and ConfigMaps",
         [this] {
           shops_.add_unrelated_secrets(5 * size_, "Opaque");
           shops_.add_unrelated_config_maps(5 * size_);
         }},
        {"N/2 TLS Secrets",
         [this] { shops_.add_unrelated_secrets(size_ / 2, "kubernetes.io/tls"); }},
        {"2 N slices", [this] { shops_.add_unrelated_slices(2 * size_); }}};
    for (const Kind& kind : kinds) {
      rest();
      const Counts before = counts();
      const double resident = bench::resident_mb(pid());
      const auto begin = std::chrono::steady_clock::now();
      kind.add();
      rest();
      const double rounds = seconds_since(begin) / 10 + 1;  // it looks each ten seconds anyhow
      const Counts after = counts();
      const std::string row = "unrelated " + kind.name;
      results_.note(row + ", CPU ms", after.processor_ms - before.processor_ms);
      results_.count(row + ", compilations", after.compilations - before.compilations, rounds);
      results_.count(row + ", writes", after.writes - before.writes, 0);
      std::this_thread::sleep_for(std::chrono::seconds(settings_.is_check ? 0 : 11));
      results_.note(row + ", MB more", bench::resident_mb(pid()) - resident);
    }
    restart("restart beside the unrelated");
  }

  void burst() {
    rest();
    const Counts before = counts();
    const double known = hosts_of_first_proxy();
    const auto begin = std::chrono::steady_clock::now();
    int broken = 0;
    for (int i = 0; i < size_; ++i) {
      const bool is_broken = i % 20 == 0;
      broken += is_broken ? 1 : 0;
      shops_.add_plain_ingress("burst-" + std::to_string(i), i, is_broken);
    }
    const double posted = seconds_since(begin);
    // A proxy knows its hosts, and to ask it is no work of the operator's.
    const bool are_live =
        wait_until(minutes(5), [&] { return hosts_of_first_proxy() >= known + size_; });
    if (!are_live) std::cerr << "  not all hosts of the burst are live" << std::endl;
    const double live = seconds_since(begin) - posted;
    const double live_ms = processor_ms();
    std::set<std::string> told;
    wait_until(minutes(5), [&] {
      std::this_thread::sleep_for(milliseconds(500));
      told = warned();
      return static_cast<int>(told.size()) >= broken;
    });
    rest();
    const Counts after = counts();
    results_.note("burst of N Ingresses: until live, CPU ms", live_ms - before.processor_ms);
    results_.note("burst of N Ingresses: until at rest, CPU ms",
                  after.processor_ms - before.processor_ms);
    results_.note("burst of N Ingresses: posted in, s of wall time", posted);
    results_.note("burst of N Ingresses: live after the last POST, s of wall time", live);
    results_.count("burst of N Ingresses: Warnings not told",
                   broken - static_cast<double>(told.size()), 0);
    results_.count("burst of N Ingresses: writes for each", (after.writes - before.writes) / size_,
                   1);
    results_.note("burst of N Ingresses: compilations", after.compilations - before.compilations);
    for (int i = 0; i < size_; ++i) shops_.remove_ingress("burst-" + std::to_string(i), i);
    rest();
  }

  // Ingresses of the burst that have a Warning.
  std::set<std::string> warned() {
    std::set<std::string> names;
    const auto list = installation().get("/apis/events.k8s.io/v1/events");
    for (const auto& event : list.value("items", nlohmann::json::array())) {
      if (event.value("type", "") != "Warning") continue;
      const std::string name = event.value("/regarding/name"_json_pointer, std::string());
      if (name.compare(0, 6, "burst-") == 0) names.insert(name);
    }
    return names;
  }

  // The number of the first of them. They are ready when all live by the configuration.
  int add_proxies(int count) {
    const int first = started_;
    installation().start_proxies(count);
    for (; started_ < first + count; ++started_) proxies_.insert(started_);
    return first;
  }
  // How many handshakes it has made, which nobody counts any more.
  double take_away(int proxy) {
    const double handshakes = handshakes_of(proxy);
    proxies_.erase(proxy);
    installation().stop_proxy(proxy);
    return handshakes;
  }

  void crowd() {
    rest();
    Counts before = counts();
    const int joining = settings_.proxies;
    int oldest = add_proxies(joining);
    is_live(size_);
    rest();
    show_crowd("a proxy that joins", before, joining);
    change(std::to_string(joining + 1) + " proxies", joining + 1);

    const int fleet = std::max(settings_.fleet, joining);
    if (fleet > joining) {
      rest();
      before = counts();
      add_proxies(fleet - joining);
      is_live(size_);
      rest();
      show_crowd("a proxy that joins " + std::to_string(joining + 1), before, fleet - joining);
    }

    rest();
    before = counts();
    // One after the other: one more, and the oldest of them goes.
    for (int i = 0; i < fleet; ++i) {
      add_proxies(1);
      is_live(size_);
      before.handshakes -= take_away(oldest++);
    }
    rest();
    show_crowd("a proxy that is rolled", before, fleet);

    before = counts();
    for (int i = 0; i < fleet; ++i) before.handshakes -= take_away(oldest++);
    rest();
    show_crowd("a proxy that leaves", before, fleet);
    come_and_go(settings_.coming_and_going);
  }

  // Some at a time, which all go when they live by the configuration.
  void come_and_go(int proxies) {
    constexpr int kAtOnce = 20;
    Counts before = counts();
    for (int left = proxies; left > 0; left -= kAtOnce) {
      const int some = std::min(left, kAtOnce);
      const int first = add_proxies(some);
      is_live(size_);
      for (int i = 0; i < some; ++i) before.handshakes -= take_away(first + i);
    }
    rest();
    show_crowd(std::to_string(proxies) + " proxies that come and go, each", before, proxies);
  }

  void show_crowd(const std::string& row, const Counts& before, double proxies) {
    const Counts after = counts();
    results_.note(row + ", CPU ms", (after.processor_ms - before.processor_ms) / proxies);
    results_.count(row + ", writes", (after.writes - before.writes) / proxies, 0);
    results_.count(row + ", handshakes", (after.handshakes - before.handshakes) / proxies,
                   5 + looks_at_most(before, after) / proxies);
  }

  const Settings settings_;
  const int size_;
  const std::unique_ptr<base::HttpTransport> transport_ = base::make_curl_transport({});
  Shops shops_{settings_.operator_program};
  std::set<int> proxies_ = {0};
  int started_ = 1;  // proxies, also those that have left
  int issued_ = 0;
  int changes_ = 0;
  int plain_ = 0;         // Ingresses without certificates
  double looked_ms_ = 0;  // of this operator's processor time: pages for us
  Results results_;
};

// All that some size has, in the order in which it was found.
std::vector<std::string> rows_of(const std::map<int, Results>& by_size) {
  std::vector<std::string> names;
  for (const auto& [size, results] : by_size) {
    for (const auto& [row, number] : results.rows()) {
      if (std::find(names.begin(), names.end(), row) == names.end()) names.push_back(row);
    }
  }
  return names;
}

bench::Numbers numbers_of(const std::map<int, Results>& by_size, const std::string& row) {
  bench::Numbers numbers;
  for (const auto& [size, results] : by_size) {
    const auto& rows = results.rows();
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&](const auto& one) { return one.first == row; });
    if (found != rows.end()) numbers[size] = found->second;
  }
  return numbers;
}

void print(const std::map<int, Results>& by_size) {
  constexpr bench::Columns kColumns{72, 10};
  std::vector<int> sizes;
  for (const auto& [size, results] : by_size) sizes.push_back(size);
  std::cout << bench::head(kColumns, sizes) << "\n";
  for (const std::string& row : rows_of(by_size)) {
    const bench::Numbers numbers = numbers_of(by_size, row);
    const auto grown = bench::exponent(bench::points_of(numbers));
    std::cout << bench::line(kColumns, row, sizes, numbers, grown) << "\n";
  }
}

nlohmann::json document_of(const std::map<int, Results>& by_size) {
  nlohmann::json document = nlohmann::json::array();
  for (const std::string& row : rows_of(by_size)) {
    const bench::Numbers numbers = numbers_of(by_size, row);
    const auto grown = bench::exponent(bench::points_of(numbers));
    document.push_back({{"row", row},
                        {"numbers", bench::json_of(numbers)},
                        {"exponent", grown ? nlohmann::json(*grown) : nlohmann::json()}});
  }
  return document;
}

int run(const Settings& settings, const std::vector<int>& sizes, const std::string& json_file) {
  std::map<int, Results> by_size;
  const bool is_many_alone = settings.only == std::set<std::string>{"many"};
  for (const int size : sizes) {
    if (is_many_alone) break;
    std::cerr << size << " shops" << std::endl;
    by_size[size] = Run(settings, size).go();
    // What cannot be done ends the program: what was found before is kept.
    if (!bench::write_json(document_of(by_size), json_file)) return 1;
  }
  if (settings.many > 0 && settings.wants("many")) {
    std::cerr << "certificates for " << settings.many << " Ingresses" << std::endl;
    by_size[settings.many].add(Run(settings, settings.many).issue_many());
  }
  print(by_size);
  bool is_bounded = true;
  for (const auto& [size, results] : by_size) {
    for (const std::string& one : results.too_many()) {
      is_bounded = false;
      std::cout << "too many at " << size << ": " << one << "\n";
    }
  }
  if (!bench::write_json(document_of(by_size), json_file)) return 1;
  return is_bounded ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  const std::map<std::string, int*> numbers = {{"--proxies", &settings.proxies},
                                               {"--fleet", &settings.fleet},
                                               {"--changes", &settings.changes},
                                               {"--swaps", &settings.swaps},
                                               {"--many", &settings.many}};
  const auto take_flag = [&](const std::string& flag, const auto& next) {
    if (const auto number = numbers.find(flag); number != numbers.end()) {
      const int least = flag == "--many" ? 0 : 1;
      *number->second = std::max(std::atoi(next().c_str()), least);
    } else if (flag == "--only") {
      std::istringstream steps(next());
      for (std::string step; std::getline(steps, step, ',');) settings.only.insert(step);
    } else if (flag == "--operator") {
      settings.operator_program = next();
    } else if (flag == "--around") {
      settings.around = next();
    } else if (flag == "--check") {
      settings.is_check = true;
      settings.proxies = 2;
      settings.fleet = 2;
      settings.many = 0;
      settings.swaps = 20;
      settings.coming_and_going = 4;
      settings.at_once = 20;
    } else {
      return false;
    }
    return true;
  };
  bench::Arguments arguments = bench::read_arguments(argc, argv, 30, take_flag);
  std::vector<int>& sizes = arguments.sizes;
  if (sizes.empty() && settings.is_check) sizes = {100, 300};
  if (sizes.empty()) sizes = {100, 1'000, 10'000};
  return run(settings, sizes, arguments.json_file);
}
