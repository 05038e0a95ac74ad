#pragma once

#include <chrono>
#include <optional>

#include "acme/error.h"
#include "acme/resources.h"
#include "base/clock.h"
#include "operator/certificate/data_plane.h"
#include "operator/certificate/memory.h"

// How an order that is under way waits, and when it has waited enough. Pure: what was seen and
// times in, decisions out.
namespace certificate {

// ---- What a refusal of the server means

// It has refused this order for good; other errors say only that now is not the time.
bool loses_order(const acme::AcmeError& error);
// A rate limit of this set of names, or of one of them, and not of the account.
bool is_about_names(const acme::AcmeError& error);
// How long to wait before the same is tried once more without a word in status; nothing: it is a
// failure. setbacks: in a row so far; failures: as status has them.
std::optional<std::chrono::milliseconds> silent_retry_delay(const acme::AcmeError& error,
                                                            int setbacks, int failures);

// ---- Waiting for proxies

// Those that report may be asked for an answer only when they have it; the others get some time.
bool may_ask_proxies(Given given, std::chrono::steady_clock::duration waited);
// What the data plane says is advice. The server may see proxies that we cannot reach, and one that
// is out of our reach is not to stop issuance for ever.
bool is_enough_to_ask_the_server(const ProxyAnswers& answers,
                                 std::chrono::steady_clock::duration waited);
// looks: made so far.
std::chrono::milliseconds until_next_challenge_look(int looks);
std::chrono::milliseconds until_next_look_after_issuance(int looks);

// ---- Waiting for the server

enum class Standstill {
  none,
  answer_again,  // half-way it is said once more what the server may not have heard
  expired,       // RFC 8555 §7.1.3
  too_long       // nothing moved for an hour
};
Standstill standstill_of(const Memory::Order& order, base::WallTime now,
                         base::SteadyTime steady_now);

// Of an order that cannot be gone on with because of this error: nothing moved for an hour. A
// server that is out of reach, or busy, says nothing about it.
bool is_given_up(const Memory::Order& order, acme::ErrorClass error_class,
                 base::SteadyTime steady_now);

// ---- Words

// Whether what is waited for is to be said in status now.
bool is_word_due(const Memory::Wait& wait, base::SteadyTime now);
base::SteadyTime next_word_after(base::SteadyTime now);

// A new wish to renew gives up an order only when it has had some time.
bool may_give_up_for_a_wish(const std::optional<base::WallTime>& placed_at, base::WallTime now);

}  // namespace certificate
