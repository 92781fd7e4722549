// Protocols: the four ways to speak HTTP on one loop (client and server, HTTP/1.1 and HTTP/2) with one set of limits.
// Owns the memory that HTTP/2 sessions of this loop share; must outlive every session made with it.
#pragma once
#include "lib/http/http2_memory.h"
#include "lib/http/limits.h"
#include "lib/session/session.h"

namespace heddle {
class Protocols {
 public:
  Protocols(Loop& loop, const HttpLimits& limits);
  ServerProtocol& http1_server() noexcept { return http1_server_; }
  ServerProtocol& http2_server() noexcept { return http2_server_; }
  ClientProtocol& http1_client() noexcept { return http1_client_; }
  ClientProtocol& http2_client() noexcept { return http2_client_; }

 private:
  struct Shared {
    Loop& loop;
    HttpLimits limits;
    Http2Memory http2_memory;
  };
  struct Http1Server final : ServerProtocol {
    explicit Http1Server(Shared& s) : shared(s) {}
    std::string_view name() const override { return "http/1.1"; }
    std::unique_ptr<ServerCodec> make(ServerEvents&, ReasonDisclosure) override;
    Shared& shared;
  };
  struct Http2Server final : ServerProtocol {
    explicit Http2Server(Shared& s) : shared(s) {}
    std::string_view name() const override { return "h2"; }
    std::unique_ptr<ServerCodec> make(ServerEvents&, ReasonDisclosure) override;
    Shared& shared;
  };
  struct Http1Client final : ClientProtocol {
    explicit Http1Client(Shared& s) : shared(s) {}
    std::string_view name() const override { return "http/1.1"; }
    std::unique_ptr<ClientCodec> make(ClientEvents&) override;
    Shared& shared;
  };
  struct Http2Client final : ClientProtocol {
    explicit Http2Client(Shared& s) : shared(s) {}
    std::string_view name() const override { return "h2"; }
    std::unique_ptr<ClientCodec> make(ClientEvents&) override;
    Shared& shared;
  };
  Shared shared_;
  Http1Server http1_server_{shared_};
  Http2Server http2_server_{shared_};
  Http1Client http1_client_{shared_};
  Http2Client http2_client_{shared_};
};
}  // namespace heddle
