// WatchChannel: how the WatchClient reaches a control plane: one line stream at a time. An interface, so that the
// client runs against a script; HttpWatchChannel is the real one (POST /v1/watch over mutual TLS 1.3 and HTTP/2).
// Belongs to the main loop.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/event/latest.h"
#include "lib/net/named_connector.h"
#include "lib/rpc/http_client.h"
#include "lib/tls/tls_connector.h"
#include "lib/tls/tls_context.h"

namespace heddle {
class WatchStream {
 public:
  virtual ~WatchStream() = default;              // silent: no upcall follows. Not inside on_line().
  virtual void send(std::string_view line) = 0;  // without the newline
};

class WatchChannel {
 public:
  // Upcalls come from the loop, never from inside open() or send(). on_closed is the last.
  class Observer {
   public:
    virtual void on_open() = 0;
    virtual void on_line(std::string_view) = 0;
    virtual void on_closed(const Error&) = 0;

   protected:
    ~Observer() = default;
  };
  virtual ~WatchChannel() = default;
  virtual size_t addresses() const = 0;
  virtual std::string name(size_t address) const = 0;
  [[nodiscard]] virtual std::unique_ptr<WatchStream> open(size_t address, Observer&) = 0;
};

struct WatchChannelOptions {
  std::vector<HostAddress> addresses;
  SpiffeId control;  // who must answer
  Duration connect = 5s;
  Duration handshake = 10s;  // after a restart a control plane has everybody's to do: as long as it waits itself
};

class HttpWatchChannel final : public WatchChannel {
 public:
  // Every stream takes the newest identity (and waits for the first); an open one lives on with the old.
  HttpWatchChannel(const SessionContext&, Protocols&, Connector& below, Latest<TlsIdentity>&, WatchChannelOptions);
  size_t addresses() const override { return options_.addresses.size(); }
  std::string name(size_t address) const override { return options_.addresses[address].text(); }
  [[nodiscard]] std::unique_ptr<WatchStream> open(size_t address, Observer&) override;

 private:
  class Stream;
  Result<TlsSetup> setup() const;
  SessionContext context_;
  Protocols& protocols_;
  Latest<TlsIdentity>& identities_;
  const WatchChannelOptions options_;
  NameLookup names_;
  std::vector<std::unique_ptr<NamedConnector>> dialers_;  // of each address
};
}  // namespace heddle
