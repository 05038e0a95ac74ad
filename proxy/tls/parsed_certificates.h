#pragma once

#include <cstddef>
#include <memory>
#include <mutex>

namespace proxy::tls {

struct ParsedCertificate;  // OpenSSL's forms of it, see parsed_certificate.h
class IssuerCertificates;

// The certificates that are parsed at the moment: of all that the table has, those that were needed
// last. Parsed, one takes some ten times as much memory as its text does: so what a proxy needs for
// them has a bound, and is not what all names take that ever were asked for. Reading one again
// costs its next full handshake, whose client has waited for a network by then.
//
// One for all tables that follow each other. Any thread; a handshake holds its lock for a few
// instructions.
class ParsedCertificates {
 public:
  // Of a P-256 certificate some 8 KB each. Those that clients ask for all the time stay; a client
  // that names all of ten thousand has the others read again.
  static constexpr std::size_t kHeldMax = 512;

  using Form = std::shared_ptr<const ParsedCertificate>;

  // In what is parsed, which forgets it before its end.
  class Place {
   public:
    Place() = default;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    friend class ParsedCertificates;
    Form form_;  // nullptr: it is in no list
    Place* newer_ = nullptr;
    Place* older_ = nullptr;
  };

  explicit ParsedCertificates(std::size_t held_max = kHeldMax);
  ~ParsedCertificates();
  ParsedCertificates(const ParsedCertificates&) = delete;
  ParsedCertificates& operator=(const ParsedCertificates&) = delete;

  // What is held there, which is the newest from now on; nullptr: nothing is.
  Form find(Place& place);
  // Holds this, or what another thread was faster to keep there, and lets go of what was not needed
  // for longest where there is too much. Who has a form keeps it for as long as it likes.
  Form keep(Place& place, Form form);
  void forget(Place& place);
  std::size_t size() const;

  IssuerCertificates& issuers() { return *issuers_; }

 private:
  void take_out(Place& place);
  void put_first(Place& place);

  const std::size_t held_max_;
  mutable std::mutex mutex_;
  Place* newest_ = nullptr;
  Place* oldest_ = nullptr;
  std::size_t size_ = 0;
  const std::unique_ptr<IssuerCertificates> issuers_;
};

}  // namespace proxy::tls
