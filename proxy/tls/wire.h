#pragma once

#include <string>
#include <string_view>

struct bio_st;  // OpenSSL's BIO

namespace proxy::tls {

// The bytes on their way through OpenSSL, of all TLS connections of one worker in one role: a BIO
// of its own would cost each of them 300 bytes. It only ever moves them within one call, so input
// is whose call it is, and output belongs to whoever called last. One thread.
class Wire {
 public:
  Wire();
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // False: no memory.
  bool is_usable() const { return bio_ != nullptr; }
  bio_st* bio() const { return bio_; }

  // Ciphertext for OpenSSL, which takes what it used off its front.
  std::string_view& input() { return input_; }
  // Ciphertext that OpenSSL made since it was cleared last.
  std::string& output() { return output_; }

 private:
  bio_st* bio_;
  std::string_view input_;
  std::string output_;
};

}  // namespace proxy::tls
