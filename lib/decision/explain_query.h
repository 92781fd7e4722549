// ExplainQuery: a request somebody asks about, as the application would write it. Its words go through the very parser
// of the outbound listeners (lib/http), so that what no sidecar takes is no question here, and routes see the fields
// they would see. Owns the head it was parsed to. Pure value; belongs to one thread.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "certs/spiffe_id.h"
#include "lib/base/problems.h"
#include "lib/http/head.h"

namespace heddle {
// The words, unchecked.
struct ExplainWords {
  std::string method = "GET";
  std::string url{};                  // http://host[:port][/path][?query], or tcp://host[:port]
  std::string client_ns = "default";  // of the application that asks: bare names, consumer routes
  std::string from{};                 // SPIFFE id of its sidecar; empty: visibility is not judged
  std::vector<std::pair<std::string, std::string>> headers{};  // no name twice
  std::string server_name{};       // of tcp://: the SNI of the client's ClientHello; empty: none
  std::optional<uint64_t> draw{};  // the request's number that weights and percentages are decided by; absent: any
};

class ExplainQuery {
 public:
  static constexpr size_t kMaxUrlBytes = 17 * 1024;  // of which the target may be 16 KiB, as in HttpLimits
  // Every problem, at "url", "method", "namespace", "from", "sni" or "headers.<name>"; nothing when there was one.
  static std::optional<ExplainQuery> parse(const ExplainWords&, Problems&);
  ExplainQuery(ExplainQuery&&) noexcept = default;
  ExplainQuery& operator=(ExplainQuery&&) = delete;  // it would free the pool of a head that still lives

  const RequestHead& head() const noexcept { return head_; }
  // An opaque connection is asked about: of the head only the authority counts.
  bool is_tcp() const noexcept { return is_tcp_; }
  const std::string& server_name() const noexcept { return server_name_; }  // lower case
  const std::string& url() const noexcept { return url_; }
  const std::string& client_ns() const noexcept { return client_ns_; }
  const std::optional<SpiffeId>& from() const noexcept { return from_; }
  const std::optional<uint64_t>& draw() const noexcept { return draw_; }

 private:
  ExplainQuery(std::unique_ptr<BlockPool> pool, RequestHead head) : pool_(std::move(pool)), head_(std::move(head)) {}
  std::unique_ptr<BlockPool> pool_;  // outlives the head
  RequestHead head_;
  std::string url_;
  std::string client_ns_;
  std::string server_name_;
  bool is_tcp_ = false;
  std::optional<SpiffeId> from_;
  std::optional<uint64_t> draw_;
};
}  // namespace heddle
