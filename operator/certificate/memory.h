#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "acme/order_flow.h"
#include "acme/resources.h"
#include "base/clock.h"
#include "base/key.h"
#include "base/rare.h"
#include "kube/resources/secret.h"
#include "operator/api/certificate.h"
#include "operator/api/own_writes.h"
#include "operator/certificate/serving_schedule.h"

namespace certificate {

// What is kept of one Certificate between two reconciles, of each, so what is mostly not there
// takes no room. It saves requests and keeps the pace; all of it may be lost at any time, for
// status and Secret alone decide what is done.
struct Memory {
  api::OwnWrites<api::Certificate> own_writes;

  // The order under way.
  struct Order {
    std::string account_url;
    acme::Order order;
    std::vector<acme::Authorization> authorizations;  // as far as fetched
    std::set<std::string> published;                  // challenge URLs that every proxy answers
    std::set<std::string> answered;                   // challenge URLs
    std::set<std::string> doubted;  // challenge URLs whose answer was refused once
    // By the URL of an authorization: as it was first seen. The proxies answer that one.
    std::map<std::string, acme::HttpChallenge> challenges;
    bool is_stale = false;  // to be asked for again before the next step
    int polls = 0;          // without a change
    std::optional<std::chrono::seconds> retry_after;
    base::SteadyTime next_poll{};           // not earlier
    std::optional<base::PrivateKey> key{};  // as it waits in the Secret, should that be deleted
    base::SteadyTime changed_at{};          // when the order was seen to move last
    bool is_answered_again = false;         // the challenges, after a long silence
    bool is_ready_again = false;            // says the server, after it took the CSR
    bool was_born_expired = false;          // one of the clocks is wrong: its end says nothing
  };
  base::Rare<Order> order;

  struct Secret {
    base::Rare<kube::Secret> present;  // as last read or written by us
    bool is_known = false;             // present says what there is, also that there is none
    bool is_immutable = false;         // nobody may change the data of what is there
    std::string other_writers;         // who else wrote it, when it was read last
    std::shared_ptr<const kube::Secret> kept;  // with the pair that was issued, as it is to be
    base::SteadyTime truce_until{};            // what others put into it is left until then
  };
  Secret secret;

  // What an order waits for: how long, and how often it was looked at.
  struct Wait {
    std::optional<base::SteadyTime> since;
    base::SteadyTime next_word{};  // in status: not earlier
    int looks = 0;                 // at the proxies
  };
  Wait wait;
  // An order was begun and is in status: the request for it may be sent again. Not yet recorded.
  std::optional<base::WallTime> begun_at;
  // What this process knows of orders that are nowhere in status: whether another one may have
  // placed one before it led; or nothing was wanted, so that the next one is told of by what made
  // it wanted; or neither any more: it has begun one, or has counted what another may have placed.
  enum class Past : std::uint8_t { unknown, at_rest, spent };
  Past past = Past::unknown;
  std::optional<base::SteadyTime> stored_at;  // the new pair is in the Secret
  int setbacks = 0;                           // in a row that were not worth a write
  base::SteadyTime next_try{};
  std::optional<base::SteadyTime> api_trouble_since;  // the Kubernetes API refuses what is needed

  std::optional<base::SteadyTime> in_line_since;         // for a turn at the issuer's server
  std::optional<base::SteadyTime> without_issuer_since;  // it is not there, or not ready

  ServingLooks serving;

  struct RenewalInfo {
    std::size_t serial = 0;  // hash of the one that the rest is about; 0: of none
    std::optional<api::RenewalInfoStatus> info;
    std::optional<base::SteadyTime> next_fetch;
  };
  RenewalInfo renewal_info;
};

}  // namespace certificate
