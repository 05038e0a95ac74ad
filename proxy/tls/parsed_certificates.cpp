#include "proxy/tls/parsed_certificates.h"

#include <utility>

#include "proxy/tls/issuer_certificates.h"
#include "proxy/tls/parsed_certificate.h"

namespace proxy::tls {

ParsedCertificates::ParsedCertificates(std::size_t held_max)
    : held_max_(held_max), issuers_(std::make_unique<IssuerCertificates>()) {}

ParsedCertificates::~ParsedCertificates() = default;

void ParsedCertificates::take_out(Place& place) {
  (place.newer_ != nullptr ? place.newer_->older_ : newest_) = place.older_;
  (place.older_ != nullptr ? place.older_->newer_ : oldest_) = place.newer_;
  place.newer_ = place.older_ = nullptr;
}

void ParsedCertificates::put_first(Place& place) {
  place.older_ = newest_;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = &place;
  newest_ = &place;
}

ParsedCertificates::Form ParsedCertificates::find(Place& place) {
  const std::lock_guard lock(mutex_);
  if (place.form_ == nullptr || newest_ == &place) return place.form_;
  take_out(place);
  put_first(place);
  return place.form_;
}

ParsedCertificates::Form ParsedCertificates::keep(Place& place, Form form) {
  Form let_go;  // freed without the lock
  const std::lock_guard lock(mutex_);
  if (place.form_ != nullptr) return place.form_;
  place.form_ = form;
  put_first(place);
  if (++size_ > held_max_) {
    Place& oldest = *oldest_;
    take_out(oldest);
    let_go = std::move(oldest.form_);
    --size_;
  }
  return form;
}

void ParsedCertificates::forget(Place& place) {
  Form let_go;
  const std::lock_guard lock(mutex_);
  if (place.form_ == nullptr) return;
  take_out(place);
  let_go = std::move(place.form_);
  --size_;
}

std::size_t ParsedCertificates::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

}  // namespace proxy::tls
