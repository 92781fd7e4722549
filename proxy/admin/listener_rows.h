// The listeners as the admin shows them: plain values in, JSON out. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace heddle {

struct ListenerRow {
  std::string name;
  std::string direction;    // "inbound", "outbound"
  std::string address;      // with the real port
  std::string destination;  // a service or the application; empty: by Host
  std::string known;        // what its connections turned out to be: "nothing", "http", "tcp", "server-first"
  std::vector<std::pair<std::string, uint64_t>> detections;  // by result
};

std::string listeners_json(const std::vector<ListenerRow>&);
}  // namespace heddle
