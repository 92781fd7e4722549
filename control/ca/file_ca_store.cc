#include "control/ca/file_ca_store.h"

#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
Pending FileCaStore::open(WallTime now, const CertificateAuthority::Ptr& first, Opened done) {
  done(load(now, first));
  return nullptr;
}

Pending FileCaStore::decide(const CaState& state, Done done) {
  done(write_decision(state));
  return nullptr;
}

Pending FileCaStore::finish(const CaState& state, Done done) {
  done(write_end(state));
  return nullptr;
}

Pending FileCaStore::renew(const CaState& state, Done done) {
  done(write_renewal(state));
  return nullptr;
}

std::string FileCaStore::authority_file() const { return str_cat(directory_, "/ca.pem"); }
std::string FileCaStore::rotation_file() const { return str_cat(directory_, "/ca.rotation"); }

void FileCaStore::remove_leftovers() const {
  auto files = list_files(directory_);
  if (!files) return;  // open() will say why
  for (const std::string& name : *files) {
    bool is_ours = name.starts_with("ca.pem.") || name.starts_with("ca.rotation.");
    if (is_ours && name.ends_with(".tmp")) ::unlink(str_cat(directory_, "/", name).c_str());
  }
}

Result<CertificateAuthority::Ptr> FileCaStore::open_signer(WallTime now, const CertificateAuthority::Ptr& first) const {
  if (first == nullptr) return open_authority(directory_, domain_, now, form_, root_lifetime());
  HEDDLE_CHECK_OK(ensure_private_dir(directory_));
  auto held = read_authority(authority_file(), domain_, form_);
  if (held || held.error().reason != Reason::kNotFound) return held;
  HEDDLE_CHECK_OK(write_authority(authority_file(), *first, form_));
  return first;
}

Result<CaState> FileCaStore::load(WallTime now, const CertificateAuthority::Ptr& first) const {
  remove_leftovers();
  Result<Secret> text = read_private(rotation_file(), kMaxCaRotation);
  if (!text && text.error().reason == Reason::kNotFound) {
    HEDDLE_TRY(CertificateAuthority::Ptr authority, open_signer(now, first));
    CaState state{RotationPhase::kSteady, 1, authority->not_before(), authority, nullptr, nullptr};
    HEDDLE_CHECK_OK(seal(state));
    return state;
  }
  if (!text) return std::move(text).error();
  HEDDLE_TRY(CertificateAuthority::Ptr authority, read_authority(authority_file(), domain_, form_));
  Result<CaState> state = read_state(text->view(), authority);
  if (!state) return std::move(state).error().within(rotation_file());
  if (state->signer != authority) HEDDLE_CHECK_OK(write_end(*state));
  HEDDLE_CHECK_OK(seal(*state));
  return state;
}

Result<void> FileCaStore::seal(const CaState& state) const {
  if (!form_.is_sealed()) return {};
  HEDDLE_TRY(Secret authority, read_private(authority_file(), kMaxCaRotation));
  if (KeyForm::holds_plain_key(authority.view())) {
    HEDDLE_CHECK_OK(write_authority(authority_file(), *state.signer, form_));
  }
  if (state.next == nullptr) return {};
  HEDDLE_TRY(Secret rotation, read_private(rotation_file(), kMaxCaRotation));
  return KeyForm::holds_plain_key(rotation.view()) ? write_decision(state) : Result<void>();
}

// After the decision to activate the other one signs, whatever comes after the decision was not done, or not all of it.
Result<CaState> FileCaStore::read_state(std::string_view text, const CertificateAuthority::Ptr& in_file) const {
  HEDDLE_TRY(RotationWords words, read_rotation_words(text));
  CertificateAuthority::Ptr next;
  if (!words.next.empty()) {
    HEDDLE_TRY(next, form_.read(domain_, words.next, words.next_key.view()));
  }
  bool is_decided = words.phase == RotationPhase::kActivated && next != nullptr;
  HEDDLE_TRY(CaState state, state_of(words, is_decided ? next : in_file, next));
  if (words.signer == root_pin(*state.signer)) return state;
  return make_error(Reason::kConfigInvalid,
                    "names another root than ca.pem holds; to trust that one alone from now on, remove this file");
}

Result<void> FileCaStore::write_decision(const CaState& state) const {
  return write(state, state.phase == RotationPhase::kActivated ? state.signer.get() : state.next.get());
}

Result<void> FileCaStore::write_end(const CaState& state) const {
  if (state.phase != RotationPhase::kActivated) return {};
  HEDDLE_CHECK_OK(write_authority(authority_file(), *state.signer, form_));
  return write(state, nullptr);
}

// The signer first: what ca.rotation names is its root, which stays.
Result<void> FileCaStore::write_renewal(const CaState& state) const {
  HEDDLE_CHECK_OK(write_authority(authority_file(), *state.signer, form_));
  return write(state, state.next.get());
}

Result<void> FileCaStore::write(const CaState& state, const CertificateAuthority* with_key) const {
  Secret key;
  if (with_key != nullptr) {
    HEDDLE_TRY(key, form_.write(*with_key));
  }
  Secret text = rotation_text(state, with_key, key.view());
  return atomic_write(rotation_file(), text.view(), kPrivateFile);
}
}  // namespace heddle
