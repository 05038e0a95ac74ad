#include "proxy/session/client.h"

#include <charconv>

#include "proxy/client/told_proxy_header.h"
#include "proxy/net/socket.h"

namespace proxy::session {

std::string proxy_header_for(const Client& client, config::ProxyProtocol version) {
  if (version == config::ProxyProtocol::none) return {};
  client::Introduction about;
  about.source = config::IpAddress::parse(client.address);
  about.source_port = client.source_port;
  about.destination = config::IpAddress::parse(net::local_address(client.socket).ip_text());
  std::from_chars(client.port.data(), client.port.data() + client.port.size(),
                  about.destination_port);
  return client::told_proxy_header(version, about);
}

}  // namespace proxy::session
