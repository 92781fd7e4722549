// MessageBody: reads the body of a message of the control protocols (docs/watch-protocol.md): strict, but for the
// fields that its sender listed under "ignorable". For the decoders of lib/api and control/replicas. Problems go to the
// list of the reader it was made of.
#pragma once
#include <algorithm>

#include "lib/api/watch_messages.h"
#include "lib/base/json_reader.h"

namespace heddle {
// A JSON object reader that lets pass the fields which the sender listed under "ignorable".
class MessageBody {
 public:
  explicit MessageBody(const JsonReader& at) : object_(at) {
    for (const JsonReader& name : object_.optional_array("ignorable", {0, 64})) {
      if (auto text = name.string()) object_.ignore(*text);
    }
  }
  ~MessageBody() { object_.finish(); }
  MessageBody(const MessageBody&) = delete;
  MessageBody& operator=(const MessageBody&) = delete;
  JsonObject* operator->() { return &object_; }

  Version version(std::string_view field) { return checked(field, object_.string(field, {1, kMaxVersion})); }
  std::optional<Version> optional_version(std::string_view field) {
    std::optional<std::string> text = object_.optional_string(field, {1, kMaxVersion});
    return text ? std::optional<Version>(checked(field, *text)) : std::nullopt;
  }
  std::string hash(std::string_view field) {
    std::string text = object_.string(field, {64, 64});
    auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (!std::all_of(text.begin(), text.end(), is_digit)) object_.problem(field, "expected 64 lower-case hex digits");
    return text;
  }
  std::string optional_hash(std::string_view field) { return object_.has(field) ? hash(field) : std::string(); }
  std::vector<ResourceKey> services(std::string_view field) {
    std::vector<ResourceKey> keys;
    for (const JsonReader& element : object_.optional_array(field, {0, kMaxWants})) {
      std::optional<std::string_view> text = element.string();
      if (!text) continue;
      Result<ResourceKey> key = ResourceKey::parse(*text);
      if (!key) {
        element.problem(key.error().detail);
      } else if (key->kind != Kind::kService) {
        element.problem("expected the key of a Service");
      } else {
        keys.push_back(std::move(*key));
      }
    }
    return keys;
  }
  // An IP address with its port.
  Address address(std::string_view field) {
    return checked_address(object_.string(field, {1, kMaxAddress}),
                           [&](std::string text) { object_.problem(field, std::move(text)); });
  }
  std::vector<Address> addresses(std::string_view field) {
    std::vector<Address> out;
    for (const JsonReader& element : object_.optional_array(field, {0, kMaxWantedAddresses})) {
      std::optional<std::string_view> text = element.string({1, kMaxAddress});
      if (text) out.push_back(checked_address(*text, [&](std::string why) { element.problem(std::move(why)); }));
    }
    return out;
  }
  FederatedTexts federated() { return read_federated(object_); }
  Duration milliseconds(std::string_view field) {
    return std::chrono::milliseconds(object_.integer(field, {0, kMaxMilliseconds}));
  }

 private:
  static constexpr size_t kMaxVersion = 253;
  static constexpr size_t kMaxAddress = 64;
  template <class Report>
  static Address checked_address(std::string_view text, Report report) {
    Result<Address> address = Address::parse(text);
    if (address && address->is_ip() && address->port() != 0) return *std::move(address);
    report("expected an IP address with a port");
    return {};
  }
  static constexpr int64_t kMaxMilliseconds = 24LL * 3600 * 1000;
  Version checked(std::string_view field, const std::string& text) {
    if (text.empty()) return {};  // reported as missing
    Result<Version> version = Version::parse(text);
    if (version) return *version;
    object_.problem(field, version.error().detail);
    return {};
  }
  JsonObject object_;
};
}  // namespace heddle
