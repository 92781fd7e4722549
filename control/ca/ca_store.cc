#include "control/ca/ca_store.h"

#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
// Line ends are escaped in JSON.
constexpr size_t kMaxRotation = 2 * (kMaxChainPem + kMaxKeyPem + kMaxBundle) + 4096;
constexpr size_t kPinSize = 64;
constexpr int64_t kMaxSequence = INT64_MAX - 1;

Error bad(std::string_view why) { return make_error(Reason::kConfigInvalid, std::string(why)); }

// What ca.rotation says, with the authorities still as text.
struct Words {
  RotationPhase phase = RotationPhase::kSteady;
  uint64_t sequence = 1;
  WallTime since;
  std::string signer;  // pin
  std::string old;
  std::string also;
  bool is_aborted = false;
  std::string next;
  Secret next_key;
};

WallTime read_time(JsonObject& object, std::string_view field) {
  Result<WallTime> time = parse_time(object.string(field, {1, 64}));
  if (time) return *time;
  object.problem(field, time.error().detail);
  return {};
}

Result<Words> read_words(std::string_view text) {
  constexpr EnumName<RotationPhase> kPhases[] = {{"steady", RotationPhase::kSteady},
                                                 {"prepared", RotationPhase::kPrepared},
                                                 {"activated", RotationPhase::kActivated}};
  HEDDLE_TRY(JsonValue document, JsonValue::parse(text));
  Problems problems;
  JsonObject object{JsonReader(document, "", problems)};
  Words out;
  if (!object.has("phase")) object.problem("phase", "is missing");
  out.phase = object.optional_one_of("phase", kPhases).value_or(RotationPhase::kSteady);
  out.sequence = static_cast<uint64_t>(object.integer("sequence", {1, kMaxSequence}));
  out.since = read_time(object, "since");
  out.signer = object.string("signer", {kPinSize, kPinSize});
  if (out.phase == RotationPhase::kActivated) out.old = object.string("old", {1, kMaxChainPem});
  if (object.has("also")) out.also = object.string("also", {1, kMaxBundle});
  out.is_aborted = object.optional_boolean("aborted").value_or(false);
  if (out.phase == RotationPhase::kPrepared || object.has("next")) {
    out.next = object.string("next", {1, kMaxChainPem});
    std::string key = object.string("nextKey", {1, kMaxKeyPem});
    out.next_key = Secret::take(key);
  }
  object.finish();
  if (problems.empty()) return out;
  return make_error(Reason::kConfigInvalid, problems.text());
}
}  // namespace

Result<DomainRoots::Ptr> CaState::bundle() const {
  CertChain roots = signer->roots()->certificates();
  for (const DomainRoots* other : {next != nullptr ? next->roots().get() : old.get(), also.get()}) {
    if (other != nullptr) roots.insert(roots.end(), other->certificates().begin(), other->certificates().end());
  }
  return DomainRoots::create(signer->trust_domain(), std::move(roots), {sequence, DomainRoots::kDefaultRefreshHint});
}

std::string CaStore::authority_file() const { return str_cat(directory_, "/ca.pem"); }
std::string CaStore::rotation_file() const { return str_cat(directory_, "/ca.rotation"); }

void CaStore::remove_leftovers() const {
  auto files = list_files(directory_);
  if (!files) return;  // open() will say why
  for (const std::string& name : *files) {
    bool is_ours = name.starts_with("ca.pem.") || name.starts_with("ca.rotation.");
    if (is_ours && name.ends_with(".tmp")) ::unlink(str_cat(directory_, "/", name).c_str());
  }
}

Result<CertificateAuthority::Ptr> CaStore::open_signer(WallTime now, const CertificateAuthority::Ptr& first) const {
  if (first == nullptr) return open_authority(directory_, domain_, now, form_, root_lifetime_);
  HEDDLE_CHECK_OK(ensure_private_dir(directory_));
  auto held = read_authority(authority_file(), domain_, form_);
  if (held || held.error().reason != Reason::kNotFound) return held;
  HEDDLE_CHECK_OK(write_authority(authority_file(), *first, form_));
  return first;
}

Result<CaState> CaStore::open(WallTime now, const CertificateAuthority::Ptr& first) const {
  remove_leftovers();
  Result<Secret> text = read_private(rotation_file(), kMaxRotation);
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
  if (state->signer != authority) HEDDLE_CHECK_OK(finish(*state));
  HEDDLE_CHECK_OK(seal(*state));
  return state;
}

Result<void> CaStore::seal(const CaState& state) const {
  if (!form_.is_sealed()) return {};
  HEDDLE_TRY(Secret authority, read_private(authority_file(), kMaxRotation));
  if (KeyForm::holds_plain_key(authority.view())) {
    HEDDLE_CHECK_OK(write_authority(authority_file(), *state.signer, form_));
  }
  if (state.next == nullptr) return {};
  HEDDLE_TRY(Secret rotation, read_private(rotation_file(), kMaxRotation));
  return KeyForm::holds_plain_key(rotation.view()) ? decide(state) : Result<void>();
}

Result<CaState> CaStore::read_state(std::string_view text, const CertificateAuthority::Ptr& in_file) const {
  HEDDLE_TRY(Words words, read_words(text));
  CertificateAuthority::Ptr next;
  if (!words.next.empty()) {
    HEDDLE_TRY(next, form_.read(domain_, words.next, words.next_key.view()));
  }
  CaState state{words.phase, words.sequence, words.since, in_file, nullptr, nullptr};
  state.is_aborted = words.is_aborted;
  if (!words.also.empty()) {
    HEDDLE_TRY(state.also, DomainRoots::parse_pem(domain_, words.also));
  }
  if (words.phase == RotationPhase::kPrepared) state.next = next;
  if (words.phase == RotationPhase::kActivated) {
    HEDDLE_TRY(state.old, DomainRoots::parse_pem(domain_, words.old));
    if (next != nullptr) state.signer = next;  // what comes after the decision was not done, or not all of it
  }
  if (words.signer == root_pin(*state.signer)) return state;
  return bad("names another root than ca.pem holds; to trust that one alone from now on, remove this file");
}

Result<void> CaStore::decide(const CaState& state) const {
  return write(state, state.phase == RotationPhase::kActivated ? state.signer.get() : state.next.get());
}

Result<void> CaStore::finish(const CaState& state) const {
  if (state.phase != RotationPhase::kActivated) return {};
  HEDDLE_CHECK_OK(write_authority(authority_file(), *state.signer, form_));
  return write(state, nullptr);
}

// The signer first: what ca.rotation names is its root, which stays.
Result<void> CaStore::renew(const CaState& state) const {
  HEDDLE_CHECK_OK(write_authority(authority_file(), *state.signer, form_));
  return write(state, state.next.get());
}

Result<void> CaStore::write(const CaState& state, const CertificateAuthority* with_key) const {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("phase", to_text(state.phase)).field("sequence", state.sequence);
  out.field("since", format_time(state.since)).field("signer", root_pin(*state.signer));
  if (state.old != nullptr) out.field("old", state.old->to_pem());
  if (state.also != nullptr) out.field("also", state.also->to_pem());
  if (state.is_aborted) out.field("aborted", true);
  if (with_key != nullptr) {
    HEDDLE_TRY(Secret key, form_.write(*with_key));
    out.field("next", with_key->to_pem()).field("nextKey", key.view());
  }
  out.end_object();
  text += "\n";
  Secret secret = Secret::take(text);
  return atomic_write(rotation_file(), secret.view(), kPrivateFile);
}
}  // namespace heddle
