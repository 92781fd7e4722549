// KeptRequest: the head of a request as far as a sidecar kept it (lib/api/request_fact.h), and what of it is not known:
// a field that is not in the head was absent where the fact says so, else nobody knows. Fields of secrets stand under
// the names of SecretNames. Owned by whoever judges; the fact and the pool outlive it. One thread.
#pragma once
#include "lib/api/request_fact.h"
#include "lib/http/head.h"
#include "lib/routing/request_facts.h"

namespace heddle {
class KeptRequest {
 public:
  KeptRequest(const RequestFact&, BlockPool&);
  // False: it does not fit into a head; nothing can be said of it.
  bool is_whole() const noexcept { return is_whole_; }
  bool is_connection() const noexcept { return fact_.method.empty(); }
  const RequestHead& head() const noexcept { return head_; }
  RequestFacts facts() const { return facts_of(head_); }
  // Whether the head says what the request had, or that it had none.
  bool knows_header(std::string_view name) const;
  bool knows_query(std::string_view name) const;
  bool knows_presence(std::string_view lower_name) const;  // of any field, secret or not

 private:
  bool knows_secret(std::string_view name, std::string_view how) const;
  bool fill();
  const RequestFact& fact_;
  RequestHead head_;
  bool is_whole_;
};
}  // namespace heddle
