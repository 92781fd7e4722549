// What is seen of stores on one journal from outside. VersionRecord: every version that any of the followed stores
// announced, the same for all of them. StoreWatcher: a cursor into the log of one store or another, as a sidecar's
// stream is; it sees no gap, nothing twice and nothing out of order. Both fail the test that runs.
#pragma once
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/store/store.h"
#include "lib/base/strings.h"

namespace heddle {
using StoreContents = std::map<std::string, std::string>;  // bytes by key

inline StoreContents contents_of(const View& view) {
  StoreContents out;
  view.for_each([&out](const StoredResource::Ptr& r) { out.emplace(r->key_text(), r->bytes()); });
  return out;
}

inline void apply_event(StoreContents& to, const Event& event) {
  for (const Change& change : event.changes) {
    if (change.now == nullptr) to.erase(change.key.text());
    if (change.now != nullptr) to[change.key.text()] = change.now->bytes();
  }
}

class VersionRecord {
 public:
  struct Entry {
    std::string author;
    std::string changes;
    bool operator==(const Entry&) const = default;
  };
  using Entries = std::map<uint64_t, Entry>;  // by sequence
  void follow(Store& store) {
    followers_.push_back(std::make_unique<Follower>(Follower{&store, store.version(), {}}));
    Follower* follower = followers_.back().get();
    follower->subscription = store.on_commit([this, follower](Version) { read(*follower); });
  }
  // What a store's log says, too.
  void read(const Store& store) {
    for (const Event& event : store.log().events()) add(event);
  }
  // Versions that changed something into text which holds this.
  std::vector<uint64_t> versions_with(std::string_view text) const {
    std::vector<uint64_t> out;
    for (const auto& [sequence, entry] : entries_) {
      if (entry.changes.find(text) != std::string::npos) out.push_back(sequence);
    }
    return out;
  }
  const Entries& entries() const { return entries_; }
  uint64_t newest() const { return entries_.empty() ? 0 : entries_.rbegin()->first; }
  size_t size() const { return entries_.size(); }

 private:
  struct Follower {
    Store* store;
    Version read_to;
    StoreSubscription subscription;
  };
  void read(Follower& follower) {
    EventRange range = follower.store->events_after(follower.read_to, SIZE_MAX);
    for (const Event* event : range.events) add(*event);
    follower.read_to = follower.store->version();
  }
  void add(const Event& event) {
    Entry entry{event.note.author, {}};
    for (const Change& change : event.changes) {
      entry.changes.append(change.key.text()).append("=");
      entry.changes.append(change.now == nullptr ? std::string_view("(erased)") : change.now->bytes()).append("\n");
    }
    auto [at, is_new] = entries_.emplace(event.version.sequence, entry);
    EXPECT_EQ(at->second.changes, entry.changes) << "version " << event.version.sequence << " is another one elsewhere";
    EXPECT_EQ(at->second.author, entry.author)
        << "version " << event.version.sequence << " has another author elsewhere";
  }
  Entries entries_;
  std::vector<std::unique_ptr<Follower>> followers_;
};

class StoreWatcher {
 public:
  void read(const Store& store, size_t max) {
    EventRange range = store.events_after(at_, max);
    if (range.state == LogState::kCompacted) {
      ASSERT_GT(store.version(), at_);
      seen_ = contents_of(store.view());
      at_ = store.version();
    }
    // kUnknown: this store is behind; it waits.
    for (const Event* event : range.events) {
      ASSERT_EQ(event->version.sequence, at_.sequence + 1) << "a gap, or an event twice";
      apply_event(seen_, *event);
      at_ = event->version;
      ASSERT_EQ(seen_, contents_of(event->after)) << "version " << at_.sequence;
    }
  }
  Version at() const { return at_; }
  const StoreContents& seen() const { return seen_; }

 private:
  Version at_{1, 0};
  StoreContents seen_;
};
}  // namespace heddle
