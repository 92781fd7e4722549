#include "control/ca/ledger_ca_store.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
Error refused(std::string detail) { return make_error(Reason::kConfigInvalid, std::move(detail)); }

Error was_slower() {
  return make_error(Reason::kConflict, "another control plane took a step first: look at heddle ca status",
                    Origin::kDownstream);
}
}  // namespace

// One write of both documents; whoever was faster is known when it fails with kConflict.
class LedgerCaStore::Put final : public Operation {
 public:
  Put(LedgerCaStore& store, CaState state, Texts texts, Done done)
      : store_(store), state_(std::move(state)), texts_(std::move(texts)), done_(std::move(done)) {}
  void start(bool is_new) {
    LedgerChange change{PutMeta{std::string(kAuthority), texts_.authority, is_new},
                        PutMeta{std::string(kRotation), texts_.rotation, is_new}};
    Pending token = store_.ledger_.commit(std::move(change), [this](Result<void> kept) { on_answer(std::move(kept)); });
    if (!is_answered_) commit_ = std::move(token);
  }

 private:
  void on_answer(Result<void> kept) {
    is_answered_ = true;
    if (!kept && kept.error().reason == Reason::kConflict) return read_on();
    if (kept) {
      store_.seen_ = Seen{std::move(texts_), state_.signer};
      store_.settle(state_);
    }
    end(std::move(kept));
  }
  void read_on() {
    std::weak_ptr<int> alive = alive_;
    Pending token = store_.ledger_.sync([this](Result<void>) { end(was_slower()); });
    if (!alive.expired() && done_) sync_ = std::move(token);
  }
  // May destroy this.
  void end(Result<void> result) {
    Done done = std::exchange(done_, nullptr);
    done(std::move(result));
  }
  LedgerCaStore& store_;
  CaState state_;
  Texts texts_;
  Done done_;
  bool is_answered_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  Pending commit_;
  Pending sync_;
};

Pending LedgerCaStore::open(WallTime now, const CertificateAuthority::Ptr& first, Opened done) {
  Result<std::optional<CaState>> held = look(first);
  if (held && !*held) return make_first(now, first, std::move(done));
  if (held) {
    done(**std::move(held));
  } else {
    done(std::move(held).error());
  }
  return nullptr;
}

Result<std::optional<CaState>> LedgerCaStore::look(const CertificateAuthority::Ptr& first) {
  if (first == nullptr && !form_.is_sealed()) {
    return refused(
        "the CA's key is shared with all control planes: it must have a passphrase (--ca-passphrase-file), or the "
        "authority must be given by files (--ca-cert-file, --ca-key-file, --ca-root-file)");
  }
  HEDDLE_CHECK_OK(keys_.load());
  if (first != nullptr) HEDDLE_CHECK_OK(hold(first));
  return read_newer();
}

Pending LedgerCaStore::make_first(WallTime now, const CertificateAuthority::Ptr& first, Opened done) {
  Result<CertificateAuthority::Ptr> signer = first;
  if (first == nullptr) signer = CertificateAuthority::create_root(domain_, root_lifetime(), now);
  if (!signer) {
    done(std::move(signer).error());
    return nullptr;
  }
  CaState state{RotationPhase::kSteady, 1, (*signer)->not_before(), *signer, nullptr, nullptr};
  return put(state, true, [this, state, done = std::move(done)](Result<void> kept) mutable {
    if (kept) return done(std::move(state));
    if (kept.error().reason != Reason::kConflict) return done(std::move(kept).error());
    done(read_others());
  });
}

// Somebody made the root in this moment.
Result<CaState> LedgerCaStore::read_others() {
  HEDDLE_TRY(std::optional<CaState> newest, read_newer());
  if (newest) return *std::move(newest);
  return make_error(Reason::kUnavailable, "another control plane makes the CA's root: try again");
}

Pending LedgerCaStore::write(const CaState& state, Done done) {
  if (Result<void> newest = check_newest(); !newest) {
    done(std::move(newest));
    return nullptr;
  }
  return put(state, false, std::move(done));
}

Pending LedgerCaStore::put(const CaState& state, bool is_new, Done done) {
  Result<Texts> texts = texts_of(state);
  if (!texts) {
    done(std::move(texts).error());
    return nullptr;
  }
  auto out = std::make_unique<Put>(*this, state, *std::move(texts), std::move(done));
  out->start(is_new);
  return out;
}

Result<void> LedgerCaStore::hold(const CertificateAuthority::Ptr& authority) {
  HEDDLE_CHECK_OK(keys_.hold(authority));
  given_ = root_pin(*authority);
  return {};
}

Result<std::optional<CaState>> LedgerCaStore::read_newer() {
  HEDDLE_TRY(std::optional<Texts> texts, read_texts());
  if (!texts && seen_) return refused("the documents ca.authority and ca.rotation are gone from the store");
  if (!texts || (seen_ && seen_->texts == *texts)) return std::optional<CaState>();
  HEDDLE_TRY(CaState state, understand(*texts));
  settle(state);
  return std::optional<CaState>(std::move(state));
}

Result<std::optional<LedgerCaStore::Texts>> LedgerCaStore::read_texts() const {
  HEDDLE_TRY(std::optional<std::string> authority, ledger_.meta(kAuthority));
  HEDDLE_TRY(std::optional<std::string> rotation, ledger_.meta(kRotation));
  if (!authority && !rotation) return std::optional<Texts>();
  if (authority && rotation) return std::optional<Texts>(Texts{*std::move(authority), *std::move(rotation)});
  return refused(str_cat("the store holds the document ", authority ? kAuthority : kRotation, ", but not ",
                         authority ? kRotation : kAuthority));
}

Result<void> LedgerCaStore::check_newest() const {
  HEDDLE_TRY(std::optional<Texts> texts, read_texts());
  if (texts && seen_ && seen_->texts == *texts) return {};
  return was_slower();
}

// The signer's text stays as it is as long as it signs: sealing takes time.
Result<LedgerCaStore::Texts> LedgerCaStore::texts_of(const CaState& state) const {
  Texts out;
  if (seen_ && seen_->signer->fingerprint() == state.signer->fingerprint()) {
    out.authority = seen_->texts.authority;
  } else {
    HEDDLE_TRY(std::string key, key_for(*state.signer));
    out.authority = authority_text(*state.signer, key).view();
  }
  std::string next_key;
  if (state.next != nullptr) {
    HEDDLE_TRY(next_key, key_for(*state.next));
  }
  out.rotation = rotation_text(state, state.next.get(), next_key).view();
  return out;
}

Result<std::string> LedgerCaStore::key_for(const CertificateAuthority& authority) const {
  if (!is_our_root(authority)) return std::string();
  if (!form_.is_sealed()) {
    return refused("the CA's key is shared with all control planes: it must have a passphrase (--ca-passphrase-file)");
  }
  HEDDLE_TRY(Secret sealed, form_.write(authority));
  return std::string(sealed.view());
}

Result<CaState> LedgerCaStore::understand(const Texts& texts) {
  auto signer = signer_of(texts);
  if (!signer) return std::move(signer).error().within(kAuthority);
  auto words = KeyForm::holds_plain_key(texts.rotation) ? refused("holds a key without a passphrase")
                                                        : read_rotation_words(texts.rotation);
  if (!words) return std::move(words).error().within(kRotation);
  if (words->signer != root_pin(**signer)) {
    return refused("names another root than the document ca.authority holds").within(kRotation);
  }
  auto next = next_of(*words);
  if (!next) return std::move(next).error().within(kRotation);
  auto state = state_of(*words, with_key(*signer), with_key(*std::move(next)));
  if (!state) return std::move(state).error().within(kRotation);
  seen_ = Seen{texts, *std::move(signer)};
  return state;
}

Result<CertificateAuthority::Ptr> LedgerCaStore::signer_of(const Texts& texts) const {
  if (seen_ && seen_->texts.authority == texts.authority) return seen_->signer;
  if (KeyForm::holds_plain_key(texts.authority)) return refused("holds a key without a passphrase");
  return read_authority_text(texts.authority, domain_, form_);
}

Result<CertificateAuthority::Ptr> LedgerCaStore::next_of(const RotationWords& words) const {
  if (words.next.empty()) return CertificateAuthority::Ptr();
  if (words.next_key.view().empty()) return CertificateAuthority::without_key(domain_, words.next);
  return form_.read(domain_, words.next, words.next_key.view());
}

// That of the files may be newer than the text.
CertificateAuthority::Ptr LedgerCaStore::with_key(CertificateAuthority::Ptr authority) const {
  if (authority == nullptr || is_our_root(*authority)) return authority;
  CertificateAuthority::Ptr held = keys_.find(root_pin(*authority));
  return held != nullptr ? held : authority;
}

// The old one's key is needed where the new one's is not here.
void LedgerCaStore::settle(const CaState& state) {
  std::vector<std::string> needed{root_pin(*state.signer), given_};
  if (state.next != nullptr) needed.push_back(root_pin(*state.next));
  if (state.old != nullptr && !state.signer->has_key()) needed.push_back(state.old->pins().front());
  keys_.keep_only(needed);
}
}  // namespace heddle
