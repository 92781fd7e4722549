// EtcdMirrorState: what EtcdMirror knows: all records as they were at one revision of etcd, and on top of it what is
// known to have happened later to single keys (our own commits, keys that were read where a condition failed).
// Revisions decide what is newer, so the order in which watch, answers and reads tell does not matter. Pure.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/unique_function.h"

namespace heddle {
struct EtcdMirrorRecord {
  std::string value;
  int64_t revision = 0;  // that changed it last
  bool operator==(const EtcdMirrorRecord&) const = default;
};
using EtcdMirrorRecords = std::map<std::string, EtcdMirrorRecord, std::less<>>;  // by the key without the prefix

class EtcdMirrorState {
 public:
  // Each change of records(), after it: what the key held and holds; nullptr: nothing. It only looks.
  using OnRecord = UniqueFunction<void(const std::string& key, const std::string* was, const std::string* now)>;
  struct Event {
    std::string key;
    std::optional<std::string> value;  // nothing: erased
    int64_t revision = 0;
  };
  void set_on_record(OnRecord on_record) { on_record_ = std::move(on_record); }
  const EtcdMirrorRecords& records() const noexcept { return records_; }
  // Everything up to here is known.
  int64_t revision() const noexcept { return revision_; }
  // The revision to expect of a key that is to be changed; 0: it must not exist.
  int64_t revision_of(std::string_view key) const;

  using Keys = std::vector<std::string>;
  // All there was at `revision`; one that is older than what is known teaches nothing. Answers the keys that changed.
  Keys on_loaded(int64_t revision, EtcdMirrorRecords);
  // One key was changed; what happened before to others may be unknown. False: it is known, or something newer.
  bool on_changed(Event);
  // One key was read at `revision`: what it held, nothing if it did not exist.
  bool on_read(const std::string& key, std::optional<EtcdMirrorRecord>, int64_t revision);
  // Everything up to here was told.
  void reach(int64_t revision);

 private:
  bool knows(std::string_view key, int64_t revision) const;
  void put(const std::string& key, EtcdMirrorRecord);
  bool erase(const std::string& key);
  EtcdMirrorRecords records_;
  std::map<std::string, int64_t, std::less<>> gone_;  // later than revision_, and until when it was seen to be so
  int64_t revision_ = 0;
  OnRecord on_record_;
};
}  // namespace heddle
