#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "acme/client.h"
#include "acme/csr.h"
#include "acme/order_flow.h"
#include "base/key.h"

// The shell around acme::next_step, as short as it can be: what a reconciler does over many calls,
// in one loop. For tests of the client and of servers.
namespace acme_test {

struct World {
  std::function<void(const acme::HttpChallenge&, const std::string& answer)> publish;
  std::function<void(std::chrono::milliseconds)> wait = [](auto) {};
  int steps_max = 200;
};

struct Issued {
  acme::Order order;
  acme::CertificateChain chain;
  base::PrivateKey key;
  std::vector<std::string> steps;  // "publish", "answer", "finalize", "wait", "download"
};

inline acme::AcmeResult<Issued> failed(std::string reason) {
  return tl::unexpected(acme::AcmeError{{base::ErrorKind::protocol, std::move(reason)}});
}

inline acme::AcmeResult<Issued> drive_order(acme::Client& client, const acme::Session& session,
                                            const acme::NewOrder& wanted, const World& world,
                                            const base::KeySpec& key_spec = {}) {
  auto placed = client.new_order(session, wanted, {});
  if (!placed) return tl::unexpected(placed.error());
  acme::Order order = placed->value;
  const auto key = base::PrivateKey::generate(key_spec);
  if (!key) return failed(key.error().message);

  std::vector<std::string> steps;
  std::set<acme::HttpChallenge> published;
  std::set<acme::HttpChallenge> answered;
  acme::Progress progress;
  progress.is_published = [&](const auto& challenge) { return published.count(challenge) != 0; };
  progress.is_answered = [&](const auto& challenge) { return answered.count(challenge) != 0; };
  std::vector<acme::Authorization> authorizations;
  const auto read_authorizations = [&]() -> acme::AcmeResult<void> {
    authorizations.clear();
    const bool are_needed =
        order.status == acme::OrderStatus::pending || order.status == acme::OrderStatus::invalid;
    if (!are_needed) return {};
    for (const std::string& url : order.authorization_urls) {
      auto one = client.get_authorization(session, url, {});
      if (!one) return tl::unexpected(one.error());
      if (one->retry_after) progress.retry_after = one->retry_after;
      authorizations.push_back(std::move(one->value));
    }
    return {};
  };
  if (auto read = read_authorizations(); !read) return tl::unexpected(read.error());

  while (static_cast<int>(steps.size()) < world.steps_max) {
    const acme::Step step = acme::next_step(order, authorizations, progress);
    if (const auto* fail = std::get_if<acme::Fail>(&step)) {
      return tl::unexpected(acme::AcmeError{
          {base::ErrorKind::denied, fail->reason}, fail->error_class, fail->problem});
    }
    if (const auto* publish = std::get_if<acme::Publish>(&step)) {
      steps.push_back("publish");
      for (const auto& challenge : publish->challenges) {
        world.publish(challenge, session.key.key_authorization(challenge.token));
        published.insert(challenge);
      }
    } else if (const auto* answer = std::get_if<acme::AnswerChallenge>(&step)) {
      steps.push_back("answer");
      auto done = client.answer_challenge(session, answer->challenge.challenge_url, {});
      if (!done) return tl::unexpected(done.error());
      answered.insert(answer->challenge);
      progress.polls = 0;
    } else if (std::holds_alternative<acme::Finalize>(step)) {
      steps.push_back("finalize");
      const auto csr = acme::make_order_csr(*key, order.identifiers, session.key);
      if (!csr) return failed(csr.error().message);
      auto done = client.finalize(session, order, *csr, {});
      if (!done) return tl::unexpected(done.error());
      order = done->value;
      progress.retry_after = done->retry_after;
      progress.polls = 0;
    } else if (const auto* download = std::get_if<acme::Download>(&step)) {
      steps.push_back("download");
      auto chain = client.download_certificate(session, download->certificate_url, {});
      if (!chain) return tl::unexpected(chain.error());
      return Issued{order, chain->value, *key, steps};
    } else if (const auto* wait = std::get_if<acme::Wait>(&step)) {
      steps.push_back("wait");
      world.wait(wait->delay);
      ++progress.polls;
      auto again = client.get_order(session, order.url, {});
      if (!again) return tl::unexpected(again.error());
      order = again->value;
      progress.retry_after = again->retry_after;
      if (auto read = read_authorizations(); !read) return tl::unexpected(read.error());
    }
  }
  return failed("the order did not come to an end");
}

}  // namespace acme_test
