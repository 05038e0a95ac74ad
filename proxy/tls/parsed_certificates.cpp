#include "proxy/tls/parsed_certificates.h"

#include <cstddef>
#include <functional>
#include <utility>

#include "proxy/tls/issuer_certificates.h"
#include "proxy/tls/parsed_certificate.h"

namespace proxy::tls {

// What is held for a place: it is there while its form is.
struct ParsedCertificates::Held {
  Form form;
  Place& place;
  Held* newer = nullptr;
  Held* older = nullptr;
};

ParsedCertificates::ParsedCertificates(std::size_t held_max)
    : held_max_(held_max), issuers_(std::make_unique<IssuerCertificates>()) {}

ParsedCertificates::~ParsedCertificates() = default;

void ParsedCertificates::take_out(Held& held) {
  (held.newer != nullptr ? held.newer->older : newest_) = held.older;
  (held.older != nullptr ? held.older->newer : oldest_) = held.newer;
  held.newer = held.older = nullptr;
}

void ParsedCertificates::put_first(Held& held) {
  held.older = newest_;
  (newest_ != nullptr ? newest_->newer : oldest_) = &held;
  newest_ = &held;
}

ParsedCertificates::Form ParsedCertificates::let_go(Place& place) {
  take_out(*place.held_);
  Form form = std::move(place.held_->form);
  delete std::exchange(place.held_, nullptr);
  --size_;
  return form;
}

ParsedCertificates::Form ParsedCertificates::find(Place& place) {
  const std::lock_guard lock(mutex_);
  if (place.held_ == nullptr) return nullptr;
  if (newest_ != place.held_) {
    take_out(*place.held_);
    put_first(*place.held_);
  }
  return place.held_->form;
}

ParsedCertificates::Form ParsedCertificates::keep(Place& place, Form form) {
  Form old;  // freed without the lock
  const std::lock_guard lock(mutex_);
  if (place.held_ != nullptr) return place.held_->form;
  place.held_ = new Held{form, place};
  put_first(*place.held_);
  if (++size_ > held_max_) old = let_go(oldest_->place);
  return form;
}

void ParsedCertificates::forget(Place& place) {
  Form old;
  const std::lock_guard lock(mutex_);
  if (place.held_ != nullptr) old = let_go(place);
}

std::size_t ParsedCertificates::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

std::mutex& ParsedCertificates::reading(const Place& place) {
  return reading_.at(std::hash<const Place*>()(&place) / alignof(std::max_align_t) %
                     reading_.size());
}

}  // namespace proxy::tls
