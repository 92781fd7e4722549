#include "lib/rpc/message.h"

#include "lib/base/bytes.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(' ');
    } else if (text[i] == '%') {
      auto byte = from_hex(text.substr(i + 1, 2));
      if (!byte || byte->size() != 1) return std::nullopt;
      out.append(*byte);
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}
}  // namespace

std::optional<std::string_view> RpcRequest::header(std::string_view lower_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_name) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> RpcRequest::bearer_token() const {
  auto value = header("authorization");
  if (!value || !value->starts_with("Bearer ")) return std::nullopt;
  return value->substr(7);
}

std::optional<std::string> RpcRequest::query_param(std::string_view name) const {
  for (std::string_view part : split(query, '&')) {
    size_t equals = part.find('=');
    if (part.substr(0, equals) != name) continue;
    return percent_decode(equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1));
  }
  return std::nullopt;
}

RpcResponse RpcResponse::text(uint16_t status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body), {}};
}

RpcResponse RpcResponse::json(uint16_t status, std::string body) {
  return {status, "application/json", std::move(body), {}};
}

RpcResponse RpcResponse::error(const Error& why) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object();
  writer.field("reason", info(why.reason).name).field("message", why.detail);
  writer.end_object();
  RpcResponse response = json(info(why.reason).status, std::move(body));
  response.headers.emplace_back("heddle-reason", info(why.reason).name);
  return response;
}
}  // namespace heddle
