#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "operator/routing/auth_secret.h"
#include "proxy/config/limits.h"
#include "proxy/config/password_hash.h"
#include "proxy/policy/basic_auth.h"

// htpasswd as a Secret has it, and what a client shows: whatever comes, a file names users that can
// be compared, or says why it does not.
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const routing::PasswordFile file = routing::read_htpasswd(input);
  require(file.users.empty() == !file.problem.empty());
  for (const proxy::config::PasswordUser& user : file.users) {
    require(!user.name.empty() && user.name.size() <= proxy::config::kUserNameBytesMax);
    require(user.hash.size() <= proxy::config::kPasswordHashBytesMax);
    require(proxy::config::read_password_hash(user.hash).problem.empty());
  }
  std::string storage;
  const auto credentials = proxy::policy::read_credentials(input, storage);
  require(!credentials ||
          credentials->user.size() + 1 + credentials->password.size() == storage.size());
  return 0;
}
