#pragma once

#include <array>
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

  struct Held;

  // In what is parsed, which forgets it before its end. Small: ten thousand have one, and few of
  // them anything in it.
  class Place {
   public:
    Place() = default;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    friend class ParsedCertificates;
    Held* held_ = nullptr;  // nullptr: it is in no list
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

  // For who reads the certificate of this place: that of several only one does. Others share it.
  std::mutex& reading(const Place& place);

  IssuerCertificates& issuers() { return *issuers_; }

 private:
  void take_out(Held& held);
  void put_first(Held& held);
  // Its form, which is to be freed without the lock.
  Form let_go(Place& place);

  const std::size_t held_max_;
  mutable std::mutex mutex_;
  Held* newest_ = nullptr;
  Held* oldest_ = nullptr;
  std::size_t size_ = 0;
  // Reading takes some hundred microseconds, so a few are enough for many workers.
  std::array<std::mutex, 61> reading_;
  const std::unique_ptr<IssuerCertificates> issuers_;
};

}  // namespace proxy::tls
