#pragma once

#include <string>
#include <string_view>

#include "base/openssl.h"

namespace proxy::tls {

// The bytes on their way through OpenSSL, of all TLS connections of one worker in one role: a BIO
// of its own would cost each of them 300 bytes. It only ever moves them within one call, so input
// is whose call it is, and output belongs to whoever called last. One thread.
class Wire {
 public:
  Wire();
  ~Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // False: no memory.
  bool is_usable() const { return bio_ != nullptr; }
  BIO* bio() const { return bio_.get(); }

  // Ciphertext for OpenSSL, which takes what it used off its front.
  std::string_view& input() { return input_; }
  // Ciphertext that OpenSSL made since it was cleared last.
  std::string& output() { return output_; }

 private:
  static BIO_METHOD* method();
  static int read_bytes(BIO* bio, char* out, int size);
  static int write_bytes(BIO* bio, const char* bytes, int size);
  static long control(BIO* bio, int command, long number, void* pointer);

  base::BioPtr bio_;
  std::string_view input_;
  std::string output_;
};

}  // namespace proxy::tls
