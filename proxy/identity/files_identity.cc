#include "proxy/identity/files_identity.h"

#include <utility>

#include "certs/peer_certificate.h"

namespace heddle {
FilesIdentity::FilesIdentity(Loop& loop, Logger log, IdentityFiles files)
    : loop_(loop), log_(log), files_(std::move(files)), poll_(loop.timer([this] { look(); })) {}

FilesIdentity::Seen FilesIdentity::look_at(const IdentityFiles& files, const std::string& known,
                                           const std::shared_ptr<const TrustBundle>& in_use, WallTime now) {
  Seen seen{stat_fingerprint(paths_of(files)), std::nullopt};
  if (seen.fingerprint != known) seen.loaded = load_identity_files(files, now, in_use.get());
  return seen;
}

void FilesIdentity::reload() {
  fingerprint_.clear();
  again_ = working_;
  if (!working_) look();
}

void FilesIdentity::look() {
  if (std::exchange(working_, true)) return;
  work_ = offload_.compute([files = files_, known = fingerprint_, in_use = bundle_in_use(),
                            now = loop_.wall()] { return look_at(files, known, in_use, now); },
                           [this](Seen seen) { on_seen(std::move(seen)); });
}

void FilesIdentity::on_seen(Seen seen) {
  working_ = false;
  poll_->arm(kPoll);
  if (seen.loaded && *seen.loaded) {
    fingerprint_ = std::move(seen.fingerprint);
    take(**seen.loaded);
  } else if (seen.loaded) {
    // Files are often replaced one after the other: a set that does not fit is looked at again, but told only once.
    std::string error = seen.loaded->error().text();
    if (error != last_error_) {
      count(rotations_, seen.loaded->error().reason);
      log_.error(content_ ? "the new identity files are refused, the old identity stays" : "no identity yet",
                 {{"error", error}});
    }
    last_error_ = std::move(error);
    fingerprint_.clear();
  }
  if (std::exchange(again_, false)) reload();
}

std::shared_ptr<const TrustBundle> FilesIdentity::bundle_in_use() {
  auto current = identities_.current();
  return current == nullptr ? nullptr : current->bundle;
}

void FilesIdentity::take(const LoadedIdentity& loaded) {
  last_error_.clear();
  if (loaded.refused != refused_) tell_refused(log_, loaded.refused);
  refused_ = loaded.refused;
  bool is_same = content_ == loaded.content;
  if (is_same && federated_ == loaded.federated) return;
  if (content_ && !is_same) count(rotations_, Reason::kNone);
  content_ = loaded.content;
  federated_ = loaded.federated;
  const Svid& svid = *loaded.identity->svid;
  log_.info("identity loaded", {{"id", svid.id.text()}, {"valid_for", svid.not_after - loop_.wall()}});
  identities_.publish(loaded.identity);
}

IdentityStatus FilesIdentity::status() const {
  IdentityStatus status;
  status.last_error = last_error_;
  auto current = identities_.current();
  if (current == nullptr) {
    status.not_ready = last_error_.empty() ? "the identity files are being read" : last_error_;
    return status;
  }
  describe(*current, loop_.wall(), status);
  status.federated_refused = refused_.size();
  status.state = last_error_.empty() ? IdentityState::kLive : IdentityState::kStale;
  if (status.health == SvidHealth::kExpired) {
    status.state = IdentityState::kExpired;
    status.not_ready = "identity.certificate has expired; replace the files";
  }
  return status;
}
}  // namespace heddle
