#pragma once

#include <string_view>
#include <vector>

#include "proxy/config/network.h"
#include "proxy/policy/verdict.h"

namespace proxy::policy {

// A set of addresses, made of networks. Asking takes a search by halves, however many there are:
// the networks become ranges that neither touch nor overlap. Immutable.
class AddressSet {
 public:
  explicit AddressSet(const std::vector<config::Network>& networks);

  bool empty() const { return ranges_.empty(); }
  bool contains(const config::IpAddress& address) const;

 private:
  struct Range {
    config::IpAddress first, last;  // of one family
  };
  std::vector<Range> ranges_;  // sorted; IPv4 first
};

// whitelist-source-range and denylist-source-range: who is denied is denied, and of the rest those
// who are allowed pass, or everybody when nobody is named. Immutable.
class AccessList {
 public:
  AccessList(const std::vector<config::Network>& denied,
             const std::vector<config::Network>& allowed);

  bool asks_for_nothing() const { return denied_.empty() && allowed_.empty(); }
  // An address that is none is kept out.
  Verdict check(std::string_view client_address) const;

  enum class Place { denied, allowed, elsewhere };
  // allowed: by name, which nobody is where nobody is named. An address that is none is denied.
  Place place_of(std::string_view client_address) const;

 private:
  AddressSet denied_;
  AddressSet allowed_;
};

}  // namespace proxy::policy
