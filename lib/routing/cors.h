// CorsPolicy: the CORS filter of the Gateway API v1 (GEP-1767) put into practice as the Fetch standard wants it:
// preflight requests are answered here, and other answers say who may read them. Immutable, made when the snapshot is
// built; allocates nothing per request.
#pragma once
#include <string>

#include "lib/config/route_filters.h"
#include "lib/http/head.h"

namespace heddle {
class CorsPolicy {
 public:
  explicit CorsPolicy(const CorsFilter& filter);  // which outlives it
  // OPTIONS with Origin and Access-Control-Request-Method.
  static bool is_preflight(const RequestHead&) noexcept;
  bool allows(std::string_view origin) const noexcept;
  // The fields of the answer to a preflight request: none for an origin that is not allowed. False: no room.
  [[nodiscard]] bool answer_preflight(const RequestHead&, HeaderMap& answer) const;
  // The fields of any other answer. What the application said about CORS is replaced. False: no room.
  [[nodiscard]] bool mark_answer(const RequestHead&, HeaderMap& answer) const;

 private:
  bool add_origin(std::string_view origin, HeaderMap& answer) const;
  bool answers_star() const noexcept { return filter_.any_origin && !filter_.credentials; }
  const CorsFilter& filter_;
  std::string methods_;  // as the fields say them; empty: not said
  std::string headers_;
  std::string expose_;
  std::string max_age_;
};
}  // namespace heddle
