// StrictReader: a second reader of HTTP/1.1, written from RFC 9112 for the tests alone and sharing nothing with the
// product. It takes the narrowest reading: what it refuses, two servers could understand differently. Reads from whole
// strings, again from the start whenever more has come: simple, not fast.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle::adversarial {
struct Message {
  std::string method, target;  // requests; the target in origin form or `*`
  std::string host;            // of the target if it has one, else of Host
  int status = 0;              // answers
  bool http10 = false;
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
  std::string body;
  std::string raw;  // every byte of it

  std::vector<std::string> values(std::string_view name) const;
  bool has(std::string_view name) const { return !values(name).empty(); }
};

struct Reading {
  enum class State { kWhole, kHead, kNothing, kBad };  // kHead: the head is whole, the body is not
  State state = State::kNothing;
  Message message;
  size_t used = 0;  // bytes, when whole
  std::string why;  // when bad
};

Reading read_request_strictly(std::string_view bytes);
// `closed`: no more bytes will come. Answers to HEAD have no body.
Reading read_answer_strictly(std::string_view bytes, std::string_view method, bool closed);

// All requests from the start until one is bad or incomplete.
std::vector<Message> requests_in(std::string_view bytes);
}  // namespace heddle::adversarial
