#include "tests/support/generated_requests.h"

namespace heddle {
namespace {
std::string request_path(Dice& dice) {
  constexpr std::string_view kOdd[] = {"//a", "/a/", "/%61/b", "/a//b", "/A"};
  constexpr std::string_view kQueries[] = {"", "", "?q=1", "?q=2&r=x", "?r=y", "?q=1&q=2"};
  return str_cat(dice.hits(8) ? std::string(dice.one_of(kOdd)) : plain_path(dice), dice.one_of(kQueries));
}

ExplainWords http_request(Dice& dice) {
  constexpr std::string_view kHosts[] = {
      "svc0",           "svc0",       "svc0.default", "svc0:8080", "svc1", "svc1",   "cart.shop", "cart.shop:80",
      "cart.shop:8080", "guarded:80", "guarded",      "guarded",   "SVC1", "nobody", "svc0:81",   "cart"};
  constexpr std::string_view kMethods[] = {"GET", "GET", "GET", "POST", "PUT", "DELETE", "OPTIONS"};
  ExplainWords out;
  out.method = dice.one_of(kMethods);
  // with two ports the one is to be said
  out.url = str_cat("http://", dice.one_of(kHosts), request_path(dice));
  out.from = "spiffe://cluster.local/ns/default/sa/client";
  if (dice.hits(40)) out.headers.emplace_back("x-a", dice.hits(50) ? "1" : "2");
  if (dice.hits(30)) out.headers.emplace_back("x-b", dice.hits(70) ? "on" : "off");
  bool asks_first = out.method == "OPTIONS" && dice.hits(60);
  if (asks_first || dice.hits(20)) {
    out.headers.emplace_back("origin", dice.hits(50) ? "https://b.example" : "https://c.example");
  }
  if (asks_first) out.headers.emplace_back("access-control-request-method", "GET");
  out.draw = dice.draw();
  return out;
}

// A call's head, here always as HTTP/1.1.
ExplainWords grpc_request(Dice& dice) {
  constexpr std::string_view kCalls[] = {"/shop.Carts/Get", "/shop.Carts/Put", "/shop.Users/Get", "/shop.Users/List",
                                         "/other.Api/Get"};
  ExplainWords out;
  out.method = "POST";
  out.url = str_cat("http://rpc", dice.one_of(kCalls));
  out.from = "spiffe://cluster.local/ns/default/sa/client";
  out.headers.emplace_back("content-type", "application/grpc");
  if (dice.hits(40)) out.headers.emplace_back("x-a", dice.hits(50) ? "1" : "2");
  out.draw = dice.draw();
  return out;
}
}  // namespace

ExplainWords generated_request(Dice& dice) { return dice.hits(20) ? grpc_request(dice) : http_request(dice); }
}  // namespace heddle
