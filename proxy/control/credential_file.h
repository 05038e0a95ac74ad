#pragma once

#include <string>

#include "base/result.h"

namespace proxy::control {

// A small file that is replaced while we run: by the kubelet, which swaps a symbolic link to a
// directory (..data), or by anybody else. Read whole at each call, so it is followed however it is
// replaced. One thread.
class CredentialFile {
 public:
  // What may stand in it; the value without what does not belong to it, or what is wrong with it.
  using Check = base::Result<std::string> (*)(std::string text);

  CredentialFile(std::string path, Check check) : path_(std::move(path)), check_(check) {}

  // What the file says now. While it is missing or cannot be used: the last good content, which the
  // log says once; unavailable when there never was one, with the path.
  base::Result<std::string> read();

 private:
  base::Result<std::string> read_now() const;

  const std::string path_;
  const Check check_;
  std::string last_good_;
  std::string last_problem_;
};

// PEM with at least one certificate in it.
base::Result<std::string> check_ca_bundle(std::string text);
// One token; white space around it is dropped.
base::Result<std::string> check_token(std::string text);

}  // namespace proxy::control
